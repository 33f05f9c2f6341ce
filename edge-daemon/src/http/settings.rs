//! How an answer is to be written: the parameters that the APIs have in common, within their ranges.

use llama_cpp_2::token::LlamaToken;
use serde_json::Value;

use super::error::ApiError;
use super::fields::{Fields, wrong_kind};
use crate::engine::sampling::Sampling;

/// What a caller asked for, within its limits.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub sampling: Sampling,
    pub max_tokens: Option<u32>,
    pub stops: Vec<String>,
    /// How many of the likeliest tokens are told beside each one that is written.
    pub probabilities: Option<usize>,
    /// Answers to the one prompt.
    pub n: u32,
}

/// Whether an answer is streamed, and with its usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streaming {
    pub streamed: bool,
    pub usage: bool,
}

const MOST_STOPS: usize = 16;
const LONGEST_STOP: usize = 256;
/// Answers to one prompt; each of them takes a place.
const MOST_ANSWERS: i64 = 16;
const MOST_BIASES: usize = 1024;

/// Reads sampling, bounds and stop strings as OpenAI names them, and llama-server's additions.
pub fn read(body: &mut Fields) -> Result<Settings, ApiError> {
    let older = body.whole("max_tokens", 1, i64::from(u32::MAX))?;
    let newer = body.whole("max_completion_tokens", 1, i64::from(u32::MAX))?;
    Ok(Settings {
        max_tokens: newer.or(older).and_then(|most| u32::try_from(most).ok()),
        stops: stops("stop", body.strings("stop")?.unwrap_or_default())?,
        n: body.whole("n", 1, MOST_ANSWERS)?.and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        ..read_sampling(body)?
    })
}

/// Reads sampling alone: one answer, without bounds.
pub fn read_sampling(body: &mut Fields) -> Result<Settings, ApiError> {
    Ok(Settings { sampling: sampling(body)?, n: 1, ..Settings::default() })
}

pub fn streaming(body: &mut Fields) -> Result<Streaming, ApiError> {
    let streamed = body.boolean("stream")?.unwrap_or(false);
    let mut streaming = Streaming { streamed, usage: false };
    if let Some(mut options) = body.object("stream_options")? {
        streaming.usage = options.boolean("include_usage")?.unwrap_or(false);
        // Padding against listeners on the wire; off is what happens here.
        options.only("include_obfuscation", &[Value::Bool(false)], "chunks are not padded")?;
        options.finish()?;
    }
    Ok(streaming)
}

/// Watched-for strings, within reason.
pub fn stops(param: &str, stops: Vec<String>) -> Result<Vec<String>, ApiError> {
    if stops.len() > MOST_STOPS {
        let message = format!("`{param}` has {} strings; at most {MOST_STOPS} are watched for.", stops.len());
        return Err(ApiError::invalid_value(param, message));
    }
    if stops.iter().any(|stop| stop.is_empty() || stop.len() > LONGEST_STOP) {
        let message = format!("A string in `{param}` must have 1 to {LONGEST_STOP} bytes.");
        return Err(ApiError::invalid_value(param, message));
    }
    Ok(stops)
}

fn sampling(body: &mut Fields) -> Result<Sampling, ApiError> {
    let default = Sampling::default();
    let mut within = |name: &str, least: f64, most: f64, default: f32| {
        body.number(name, least, most).map(|value| value.map_or(default, |value| value as f32))
    };
    let sampling = Sampling {
        temperature: within("temperature", 0.0, 2.0, default.temperature)?,
        top_p: within("top_p", 0.0, 1.0, default.top_p)?,
        min_p: within("min_p", 0.0, 1.0, default.min_p)?,
        repeat_penalty: within("repeat_penalty", 0.01, 10.0, default.repeat_penalty)?,
        frequency_penalty: within("frequency_penalty", -2.0, 2.0, default.frequency_penalty)?,
        presence_penalty: within("presence_penalty", -2.0, 2.0, default.presence_penalty)?,
        ..default
    };
    Ok(Sampling {
        // 0 and -1 both mean "all tokens", as in llama.cpp and vLLM.
        top_k: body.whole("top_k", -1, i64::from(i32::MAX))?.map_or(sampling.top_k, |k| (k as i32).max(0)),
        seed: seed(body.whole("seed", i64::MIN, i64::MAX)?),
        logit_bias: logit_bias(body)?,
        ..sampling
    })
}

/// The whole range folds onto llama.cpp's 32 bits; none, and llama-server's -1, is a new one each time.
pub fn seed(value: Option<i64>) -> u32 {
    match value {
        None | Some(-1) => uuid::Uuid::new_v4().as_u64_pair().1 as u32,
        Some(value) => (value ^ (value >> 32)) as u32,
    }
}

/// `{"1234": -100}`: token numbers of this model, and -100 (never) to 100 (always).
fn logit_bias(body: &mut Fields) -> Result<Vec<(LlamaToken, f32)>, ApiError> {
    let Some(biases) = body.object("logit_bias")? else { return Ok(Vec::new()) };
    let biases = biases.into_map();
    if biases.len() > MOST_BIASES {
        let message = format!("`logit_bias` has {} tokens; at most {MOST_BIASES} are taken.", biases.len());
        return Err(ApiError::invalid_value("logit_bias", message));
    }
    biases
        .into_iter()
        .map(|(token, bias)| {
            let Some(token) = token.parse::<i32>().ok().filter(|token| *token >= 0) else {
                return Err(ApiError::invalid_value(
                    "logit_bias",
                    "A name in `logit_bias` must be the number of a token; POST /tokenize tells them.",
                ));
            };
            match bias.as_f64().filter(|bias| (-100.0..=100.0).contains(bias)) {
                Some(-100.0) => Ok((LlamaToken(token), f32::NEG_INFINITY)),
                Some(bias) => Ok((LlamaToken(token), bias as f32)),
                None => Err(wrong_kind("logit_bias", &bias, "a number from -100 to 100 for each token")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(fields: Value) -> Result<Settings, Value> {
        let mut body = Fields::of_body(fields).unwrap();
        read(&mut body).map_err(|error| serde_json::to_value(error.into_envelope().error).unwrap())
    }

    #[test]
    fn what_is_left_out_has_llama_servers_defaults() {
        let settings = settings(json!({})).unwrap();
        assert_eq!(Sampling { seed: 0, ..settings.sampling }, Sampling::default());
        assert_eq!((settings.max_tokens, settings.n, settings.stops.len()), (None, 1, 0));
    }

    #[test]
    fn a_value_out_of_range_is_refused_by_name() {
        for (param, value) in [
            ("temperature", json!(-0.1)),
            ("temperature", json!(2.1)),
            ("temperature", json!("hot")),
            ("top_p", json!(1.01)),
            ("top_k", json!(-2)),
            ("top_k", json!(3_000_000_000i64)),
            ("min_p", json!(2)),
            ("repeat_penalty", json!(0)),
            ("frequency_penalty", json!(-2.5)),
            ("presence_penalty", json!(1e300)),
            ("max_tokens", json!(0)),
            ("max_completion_tokens", json!(-1)),
            ("n", json!(0)),
            ("n", json!(1000)),
            ("n", json!(1.5)),
            ("stop", json!("")),
            ("stop", json!(["a", ""])),
            ("stop", json!([7])),
            ("stop", json!("x".repeat(257))),
            ("stop", json!(vec!["x"; 10_000])),
            ("logit_bias", json!({"x": 1})),
            ("logit_bias", json!({"-5": 1})),
            ("logit_bias", json!({"5": 101})),
            ("logit_bias", json!({"5": "1"})),
            ("logit_bias", json!([5])),
        ] {
            let error = settings(json!({param: value})).unwrap_err();
            assert_eq!(
                (&error["code"], &error["param"]),
                (&json!("invalid_value"), &json!(param)),
                "{error}"
            );
        }
    }

    #[test]
    fn biases_are_read_and_the_least_forbids() {
        let biases = settings(json!({"logit_bias": {"5": 1.5, "6": -100}})).unwrap().sampling.logit_bias;
        assert_eq!(biases, [(LlamaToken(5), 1.5), (LlamaToken(6), f32::NEG_INFINITY)]);
    }

    #[test]
    fn seeds_are_kept_and_minus_one_means_any() {
        let seed = |value: Value| settings(json!({"seed": value})).unwrap().sampling.seed;
        assert_eq!(seed(json!(7)), 7);
        assert_eq!(seed(json!(i64::MIN)), seed(json!(i64::MIN)));
        assert_ne!(seed(json!(-1)), seed(json!(-1)));
        assert_ne!(seed(json!(null)), seed(json!(null)));
    }

    #[test]
    fn the_newer_name_of_the_bound_wins() {
        assert_eq!(
            settings(json!({"max_tokens": 5, "max_completion_tokens": 6})).unwrap().max_tokens,
            Some(6)
        );
        assert_eq!(settings(json!({"max_tokens": 5})).unwrap().max_tokens, Some(5));
    }
}
