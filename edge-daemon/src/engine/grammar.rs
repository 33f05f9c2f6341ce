//! What an answer has to be: a grammar, compiled and checked before its request is taken on.

use std::fmt;

use llama_cpp_2::token::LlamaToken;
use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::toktrie::{InferenceCapabilities, SimpleVob, TokEnv};
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};

use super::event::Failure;

/// How a grammar is written.
#[derive(Clone, Debug)]
pub enum GrammarSource {
    /// Any JSON object.
    JsonObject,
    /// A JSON schema. What llguidance cannot hold an answer to, it refuses.
    JsonSchema(Value),
    /// llguidance's variant of Lark, <https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md>. `<[7]>` is the
    /// token 7, and `<|name|>` a control token by its text.
    Lark(String),
}

/// Why a grammar cannot be used. The texts name parts of the grammar, and nothing of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// Keywords of a JSON schema that an answer cannot be held to.
    #[error("these keywords of the schema are not supported: {}", .0.join(", "))]
    Keywords(Vec<String>),
    #[error("{0}")]
    Invalid(String),
    #[error("grammars cannot be used with this model: {0}")]
    Unavailable(String),
}

/// Compiles grammars for one model. Made once: it walks the whole vocabulary.
pub struct Grammars {
    factory: ParserFactory,
}

impl fmt::Debug for Grammars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grammars").finish_non_exhaustive()
    }
}

/// Keeps the rules of one answer. A copy begins where the original stands.
pub struct Grammar {
    matcher: Matcher,
}

impl Clone for Grammar {
    fn clone(&self) -> Self {
        // Deep, so that two answers never wait for each other's lexer.
        Self { matcher: self.matcher.deep_clone() }
    }
}

impl fmt::Debug for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grammar").finish_non_exhaustive()
    }
}

impl Grammars {
    pub fn new(vocabulary: &TokEnv) -> Result<Self, GrammarError> {
        let slices = llguidance::earley::SlicedBiasComputer::general_slices();
        let mut factory = ParserFactory::new(vocabulary, InferenceCapabilities::default(), &slices)
            .map_err(|error| GrammarError::Unavailable(error.to_string()))?;
        // Its own log goes to the standard error stream, and quotes the answer.
        factory.quiet();
        // The parser's errors would quote the answer too.
        *factory.limits_mut() = ParserLimits { verbose_errors: false, ..ParserLimits::default() };
        Ok(Self { factory })
    }

    /// Compiles. A large schema takes a while: call it where blocking is allowed.
    pub fn compile(&self, source: &GrammarSource) -> Result<Grammar, GrammarError> {
        let top = match source {
            GrammarSource::JsonObject => {
                TopLevelGrammar::from_json_schema(strict(json!({"type": "object"}))?)
            }
            GrammarSource::JsonSchema(schema) => TopLevelGrammar::from_json_schema(strict(schema.clone())?),
            GrammarSource::Lark(text) => TopLevelGrammar::from_lark(text.clone()),
        };
        let mut matcher = Matcher::new(self.factory.create_parser(top));
        if let Some(error) = matcher.get_error() {
            return Err(read_error(&error));
        }
        // A grammar that nothing matches shows itself here and not in the middle of an answer.
        let first = matcher.compute_mask_or_eos().map_err(|error| read_error(&error.to_string()))?;
        if first.is_zero() {
            return Err(GrammarError::Invalid("nothing can match it".to_owned()));
        }
        Ok(Grammar { matcher })
    }
}

/// llguidance reads settings of its own from a schema, one of which lets it ignore what it does not know: a caller's are
/// refused. Ours leave no white space but one space behind a comma or a colon: a small model that may break lines can do
/// so for ever.
pub fn strict(mut schema: Value) -> Result<Value, GrammarError> {
    if schema.get("x-guidance").is_some() {
        return Err(GrammarError::Keywords(vec!["x-guidance".to_owned()]));
    }
    if let Some(fields) = schema.as_object_mut() {
        let settings = json!({"whitespace_flexible": false, "item_separator": ", ?", "key_separator": ": ?"});
        fields.insert("x-guidance".to_owned(), settings);
    }
    Ok(schema)
}

/// llguidance says `Unimplemented keys: ["a", "b"]` where a schema asks for too much.
fn read_error(error: &str) -> GrammarError {
    let keywords = error.split_once("Unimplemented keys: ").and_then(|(_, rest)| {
        let end = rest.find(']')?;
        serde_json::from_str::<Vec<String>>(&rest[..=end]).ok()
    });
    keywords.map_or_else(|| GrammarError::Invalid(first_line(error)), GrammarError::Keywords)
}

fn first_line(error: &str) -> String {
    error.lines().next().unwrap_or_default().trim().to_owned()
}

impl Grammar {
    /// The tokens that may come next; the model's end tokens where the answer is complete.
    pub fn allowed(&mut self) -> Result<SimpleVob, Failure> {
        let mask = self.matcher.compute_mask_or_eos().map_err(|_| Failure::Grammar)?;
        if mask.is_zero() { Err(Failure::Grammar) } else { Ok(mask) }
    }

    /// Takes note of a token. One that ends the answer ends the grammar as well.
    pub fn accept(&mut self, token: LlamaToken) -> Result<(), Failure> {
        if self.matcher.is_stopped() {
            return Ok(());
        }
        self.matcher.consume_token(token.0.cast_unsigned()).map_err(|_| Failure::Grammar)
    }

    /// Nothing can follow: the answer is over without an end token.
    pub fn is_over(&self) -> bool {
        self.matcher.is_stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llguidance::toktrie::ApproximateTokEnv;

    /// A vocabulary of single bytes, and an end token.
    fn grammars() -> Grammars {
        Grammars::new(&ApproximateTokEnv::single_byte_env()).expect("grammars")
    }

    /// Does the grammar let this text through, to its end?
    fn takes(source: &GrammarSource, text: &str) -> bool {
        let mut grammar = grammars().compile(source).expect("a grammar");
        for byte in text.bytes() {
            let allowed = grammar.allowed().expect("a mask");
            if !allowed.is_allowed(byte.into()) {
                return false;
            }
            grammar.accept(LlamaToken(byte.into())).expect("an allowed token");
        }
        grammar.is_over() || grammar.matcher.is_accepting().expect("a sound grammar")
    }

    #[test]
    fn an_answer_cannot_leave_its_schema() {
        let schema = GrammarSource::JsonSchema(json!({
            "type": "object",
            "properties": {"age": {"type": "integer", "minimum": 0, "maximum": 150}},
            "required": ["age"],
            "additionalProperties": false,
        }));
        assert!(takes(&schema, r#"{"age": 42}"#));
        for text in [r#"{"age": "42"}"#, r#"{"age": 151}"#, r#"{"age": 4, "x": 1}"#, "{}", "42"] {
            assert!(!takes(&schema, text), "{text}");
        }
        assert!(takes(&GrammarSource::JsonObject, r#"{"a": [1, {"b": null}]}"#));
        assert!(!takes(&GrammarSource::JsonObject, "{\n\n"));
        assert!(!takes(&GrammarSource::JsonObject, "[1]"));
        assert!(!takes(&GrammarSource::Lark("start: \"yes\" | \"no\"".to_owned()), "maybe"));
    }

    #[test]
    fn what_a_schema_asks_for_in_vain_is_named() {
        let compile = |schema| grammars().compile(&GrammarSource::JsonSchema(schema)).map(drop);
        assert_eq!(
            compile(json!({"type": "array", "uniqueItems": true})),
            Err(GrammarError::Keywords(vec!["uniqueItems".to_owned()]))
        );
        let lenient = json!({"x-guidance": {"lenient": true}, "type": "array", "uniqueItems": true});
        assert_eq!(compile(lenient), Err(GrammarError::Keywords(vec!["x-guidance".to_owned()])));
    }

    #[test]
    fn bad_grammars_are_refused_and_end_nothing() {
        let refuses = |source: &GrammarSource| grammars().compile(source).is_err();
        let mut deep = json!({"type": "string"});
        for _ in 0..100 {
            deep = json!({"type": "array", "items": deep});
        }
        assert!(!refuses(&GrammarSource::JsonSchema(deep)));
        assert!(refuses(&GrammarSource::JsonSchema(json!({"$ref": "#/nowhere"}))));
        assert!(refuses(&GrammarSource::JsonSchema(json!({"type": "colour"}))));
        assert!(refuses(&GrammarSource::JsonSchema(json!(
            {"allOf": [{"type": "string"}, {"type": "integer"}]}
        ))));
        assert!(refuses(&GrammarSource::JsonSchema(json!({"$ref": "#"}))));
        assert!(refuses(&GrammarSource::Lark("start: nowhere".to_owned())));
        assert!(refuses(&GrammarSource::Lark(String::new())));
    }
}
