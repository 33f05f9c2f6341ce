//! On the real model: what is computed in company, on shared cells, is what is computed alone.

use std::path::PathBuf;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::LlamaToken;

use crate::engine::context::{self, Context};
use crate::engine::likeliest::likeliest;
use crate::engine::schedule::{Limits, Schedule};
use crate::engine::settings::{CacheType, Settings, Sizes};
use crate::model::load::LoadOptions;
use crate::model::{Model, Shape};

/// The most that a score may differ. Batches of different widths take different ways through llama.cpp's kernels, and each
/// way rounds activations to 8 bits in its own blocks; scores themselves are between about -10 and 30.
const TOLERANCE: f32 = 1.25;

fn model() -> Model {
    let path = std::env::var_os("HEARTH_TEST_MODEL").map_or_else(
        || {
            std::env::home_dir()
                .expect("a home folder")
                .join(".cache/hearth/models/SmolLM2-135M-Instruct.Q4_1.gguf")
        },
        PathBuf::from,
    );
    let shape = Shape::read(&path).expect("a sound file");
    Model::load(&path, shape, LoadOptions { mmap: true, gpu_layers: 0 }, |_| true)
        .expect("the model that the tests use")
}

fn tokens(model: &Model, text: &str) -> Vec<LlamaToken> {
    let mut tokens = Vec::new();
    model.tokenize_into(text, &mut tokens);
    tokens
}

const SETTINGS: Settings = Settings {
    parallel: 4,
    queue: 0,
    context: Some(1024),
    threads: 1,
    cells: None,
    cache: CacheType::F16,
    mmap: true,
    gpu_layers: 0,
    guessed: 0,
    save_to: None,
};

#[test]
fn each_context_keeps_its_threads_from_step_to_step_and_takes_them_with_it() {
    let model = model();
    let prompt = tokens(&model, "The sea is wide.");
    let sizes = Sizes { n_ctx: 1024, cells: 1024, cell_bytes: 1, window_bytes: 0, kept: 1024, chunk: 4 };
    let make =
        |threads| context::for_chats(&model, &Settings { threads, ..SETTINGS }, sizes).expect("a context");
    let running = || std::fs::read_dir("/proc/self/task").expect("the threads").count();
    let before = running();
    let mut single = make(1);
    assert!(!single.keeps_threads());
    let expected = alone(&mut single, sizes.chunk, &prompt);
    let (mut one, mut other) = (make(2), make(2));
    assert!(one.keeps_threads() && other.keeps_threads(), "does llama-cpp-2 still show its pointer?");
    let scores = |context: &mut Context<'_>| {
        let scores = alone(context, sizes.chunk, &prompt);
        assert!(apart(&scores, &expected) < TOLERANCE);
    };
    assert_eq!(running(), before + 1 + 1);
    for _ in 0..2 {
        scores(&mut one);
        scores(&mut other);
    }
    drop(one);
    scores(&mut other);
    drop(other);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| scores(&mut make(2)));
        }
    });
    // A thread that was waited for is listed for a moment more.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while running() > before {
        assert!(std::time::Instant::now() < deadline, "{} threads, and before {before}", running());
        std::thread::yield_now();
    }
}

/// The scores after each of these prompts, all of them served together.
fn together(context: &mut LlamaContext<'_>, chunk: usize, prompts: &[Vec<LlamaToken>]) -> Vec<Vec<f32>> {
    let limits = Limits { slots: 4, ids: context::SEQUENCE_IDS, cells: 2048, kept: 2048, chunk };
    let mut schedule = Schedule::new(limits);
    let mut batch = LlamaBatch::new(chunk + limits.slots, 1);
    let mut scores = vec![Vec::new(); prompts.len()];
    for (n, prompt) in prompts.iter().enumerate() {
        schedule.push(String::new(), prompt.clone(), n);
    }
    while !schedule.is_idle() {
        while schedule.admit().is_some() {}
        let mut works = schedule.plan();
        context::apply(context, schedule.take_moves());
        batch.clear();
        let mut rows = Vec::new();
        for work in &works {
            for position in work.positions.clone() {
                let is_wanted = work.is_last && position + 1 == work.positions.end;
                batch
                    .add(schedule.token(work.at, position), position as i32, &[work.slot], is_wanted)
                    .expect("room");
            }
            rows.push(batch.n_tokens() - 1);
        }
        context.decode(&mut batch).expect("a step");
        schedule.computed(&works);
        while let (Some(work), Some(row)) = (works.pop(), rows.pop()) {
            if work.is_last {
                let shared = schedule.shared(work.at);
                let n = schedule.finish(work.at);
                assert!(n == 0 || shared > 100, "prompt {n} shared {shared} tokens");
                scores[n] = context.get_logits_ith(row).to_vec();
            }
        }
    }
    scores
}

fn alone(context: &mut LlamaContext<'_>, chunk: usize, prompt: &[LlamaToken]) -> Vec<f32> {
    context.clear_kv_cache();
    let mut batch = LlamaBatch::new(chunk, 1);
    let mut position = 0;
    for part in prompt.chunks(chunk) {
        batch.clear();
        for token in part {
            batch.add(*token, position, &[0], position as usize + 1 == prompt.len()).expect("room");
            position += 1;
        }
        context.decode(&mut batch).expect("a step");
    }
    context.get_logits_ith(batch.n_tokens() - 1).to_vec()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn company_and_shared_cells_change_no_score_by_more_than_the_tolerance() {
    let model = model();
    let sizes = Sizes { n_ctx: 1024, cells: 2048, cell_bytes: 1, window_bytes: 0, kept: 2048, chunk: 512 };
    let mut context = context::for_chats(&model, &SETTINGS, sizes).expect("a context");
    let beginning =
        "The lighthouse keeper wrote down the weather every morning, in a book with a green cover. "
            .repeat(8);
    let prompts: Vec<Vec<LlamaToken>> = [
        "The capital of France is",
        "One, two, three, four,",
        "The weather today is",
        "She opened the door and",
        "2 + 2 =",
    ]
    .iter()
    .map(|end| tokens(&model, &format!("{beginning}{end}")))
    .collect();
    let expected: Vec<Vec<f32>> = prompts.iter().map(|prompt| alone(&mut context, 512, prompt)).collect();
    let in_bites =
        prompts.iter().zip(&expected).map(|(prompt, whole)| apart(&alone(&mut context, 7, prompt), whole));
    let in_bites = in_bites.fold(0.0, f32::max);
    let mut most: f32 = 0.0;
    let mut clear = 0;
    for chunk in [7, 64, 512] {
        context.clear_kv_cache();
        for (found, expected) in together(&mut context, chunk, &prompts).iter().zip(&expected) {
            most = most.max(apart(found, expected));
            let best = likeliest(expected, 2);
            // Where the best two are further apart than both can move, the choice is the same.
            if best[0].1 - best[1].1 > 2.0 * TOLERANCE {
                clear += 1;
                assert_eq!(likeliest(found, 1)[0].0, best[0].0);
            }
        }
    }
    assert!(most <= TOLERANCE, "scores differ by up to {most}");
    assert!(clear > 0, "no prompt has a clear continuation, and nothing was compared");
    eprintln!(
        "scores differ by up to {most} ({in_bites} when read alone, in small bites); {clear} clear choices were the same"
    );
}

#[test]
fn a_grammar_holds_the_models_own_vocabulary() {
    use crate::engine::grammar::GrammarSource;
    let model = model();
    let schema = serde_json::json!({"enum": ["red", "green"]});
    let mut grammar = model.grammar(&GrammarSource::JsonSchema(schema)).expect("a grammar");
    let mut text = Vec::new();
    while !grammar.is_over() {
        let allowed = grammar.allowed().expect("a mask");
        let token = (0..model.llama().n_vocab())
            .map(LlamaToken)
            .find(|token| allowed.is_allowed(token.0.cast_unsigned()));
        let token = token.expect("an allowed token");
        if model.ends_answer(token) {
            break;
        }
        grammar.accept(token).expect("an allowed token");
        model.piece_into(token, &mut text);
    }
    assert!(matches!(text.as_slice(), br#""red""# | br#""green""#), "{}", String::from_utf8_lossy(&text));
}

#[test]
fn a_strict_tool_holds_a_model_that_would_call_it_otherwise() {
    use crate::engine::grammar::GrammarSource;
    use crate::tools::{Tool, family::Family, strict};
    let model = model();
    let parameters = serde_json::json!({"type": "object", "properties": {"city": {"enum": ["Oslo"]}},
        "required": ["city"], "additionalProperties": false});
    let tool =
        Tool { name: "weather".to_owned(), description: None, parameters: Some(parameters), strict: true };
    let lark = strict::grammar(Family::Hermes, &[&tool], 1, None, |_| None).expect("a grammar");
    let mut grammar = model.grammar(&GrammarSource::Lark(lark)).expect("a grammar");
    // What the model would write, as far as it may.
    let would = "I look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}";
    let mut wanted = Vec::new();
    model.tokenize_into(would, &mut wanted);
    let mut text = Vec::new();
    for token in wanted {
        if !grammar.allowed().expect("a mask").is_allowed(token.0.cast_unsigned()) {
            break;
        }
        grammar.accept(token).expect("an allowed token");
        model.piece_into(token, &mut text);
    }
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains("\"arguments\": {\"city\"") && !text.contains('R'), "{text}");
}
