//! JSON as templates see it: the order of fields kept, and every text made safe on the way.
//!
//! Not through serde: with `arbitrary_precision`, which another program of the same build may turn on, a number of
//! `serde_json` would arrive as an object.

use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use serde_json::Value as Json;

/// A JSON value for a template. Each text passes through `protect`, names of fields too.
pub fn from_json(json: &Json, protect: &impl Fn(&str) -> String) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => number
            .as_i64()
            .map(Value::from)
            .or_else(|| number.as_u64().map(Value::from))
            .or_else(|| number.as_f64().map(Value::from))
            // Larger than any number that a template can hold.
            .unwrap_or_else(|| Value::from(number.to_string())),
        Json::String(text) => Value::from(protect(text)),
        Json::Array(items) => items.iter().map(|item| from_json(item, protect)).collect(),
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, item)| (Value::from(protect(name)), from_json(item, protect)))
                .collect();
            Value::from_object(Fields(fields))
        }
    }
}

/// An object whose fields keep their order.
#[derive(Debug)]
pub struct Fields(pub Vec<(Value, Value)>);

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| name.clone()).collect())
    }
}
