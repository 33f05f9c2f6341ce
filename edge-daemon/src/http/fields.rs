//! The fields of a request, taken one by one. Each mistake names its field, and a field that nobody took is refused by
//! name: nothing that a caller asks for is silently passed over.

use serde_json::{Map, Value};

use super::error::ApiError;

/// A JSON object that is being read.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    /// Where the object lies, for messages: empty, or `messages[2].`.
    path: String,
}

impl Fields {
    /// The body of a request.
    pub fn of_body(body: Value) -> Result<Self, ApiError> {
        match body {
            Value::Object(map) => Ok(Self { map, path: String::new() }),
            other => Err(ApiError::invalid_json(format!("The body is {}, not an object.", kind(&other)))),
        }
    }

    /// An object inside; `path` names it in full.
    pub fn of(path: &str, value: Value) -> Result<Self, ApiError> {
        match value {
            Value::Object(map) => Ok(Self { map, path: format!("{path}.") }),
            other => Err(wrong_kind(path, &other, "an object")),
        }
    }

    /// A field's name in full.
    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// A field as it is; null counts as left out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub fn needed(&mut self, name: &str) -> Result<Value, ApiError> {
        let path = self.path(name);
        self.take(name).ok_or_else(|| ApiError::invalid_value(&path, format!("`{path}` is missing.")))
    }

    pub fn string(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_kind(&self.path(name), &other, "a string")),
        }
    }

    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(wrong_kind(&self.path(name), &other, "true or false")),
        }
    }

    /// A number from `least` to `most`.
    pub fn number(&mut self, name: &str, least: f64, most: f64) -> Result<Option<f64>, ApiError> {
        let path = self.path(name);
        let range = format!("a number from {least} to {most}");
        self.take(name).map_or(Ok(None), |value| match value.as_f64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            Some(_) => Err(out_of_range(&path, &value, &range)),
            None => Err(wrong_kind(&path, &value, &range)),
        })
    }

    /// A whole number from `least` to `most`. One that is written with a point, as JavaScript never does, is none.
    pub fn whole(&mut self, name: &str, least: i64, most: i64) -> Result<Option<i64>, ApiError> {
        let path = self.path(name);
        let range = format!("a whole number from {least} to {most}");
        self.take(name).map_or(Ok(None), |value| match value.as_i64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            None if !value.is_number() => Err(wrong_kind(&path, &value, &range)),
            _ => Err(out_of_range(&path, &value, &range)),
        })
    }

    pub fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(wrong_kind(&self.path(name), &other, "a list")),
        }
    }

    pub fn object(&mut self, name: &str) -> Result<Option<Fields>, ApiError> {
        let path = self.path(name);
        self.take(name).map(|value| Self::of(&path, value)).transpose()
    }

    /// A string or a list of strings.
    pub fn strings(&mut self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let path = self.path(name);
        let string = |value: Value| match value {
            Value::String(text) => Ok(text),
            other => Err(wrong_kind(&path, &other, "a string or a list of strings")),
        };
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) => items.into_iter().map(string).collect::<Result<_, _>>().map(Some),
            Some(one) => string(one).map(|one| Some(vec![one])),
        }
    }

    /// Fields that a caller may set and that change nothing here, whatever they say: labels for their own use.
    pub fn pass_over(&mut self, names: &[&str]) {
        for name in names {
            self.map.remove(*name);
        }
    }

    /// A field that is known and may only have one of these values, which are what this server does anyway.
    pub fn only(&mut self, name: &str, harmless: &[Value], why: &str) -> Result<(), ApiError> {
        match self.take(name) {
            Some(value) if !harmless.contains(&value) => {
                let path = self.path(name);
                Err(ApiError::unsupported(&path, format!("`{path}` is not supported like this: {why}.")))
            }
            _ => Ok(()),
        }
    }

    /// The rest, as it is.
    pub fn into_map(self) -> Map<String, Value> {
        self.map
    }

    /// Nothing may be left.
    pub fn finish(self) -> Result<(), ApiError> {
        let left = self.map.iter().find(|(_, value)| !value.is_null());
        left.map_or(Ok(()), |(name, _)| {
            let path = self.path(&printable(name));
            Err(ApiError::unsupported(&path, format!("`{path}` is not known here. Leave it out.")))
        })
    }
}

/// A value of another kind than it should be.
pub fn wrong_kind(path: &str, value: &Value, expected: &str) -> ApiError {
    ApiError::invalid_value(path, format!("`{path}` is {}; it must be {expected}.", kind(value)))
}

fn out_of_range(path: &str, value: &Value, range: &str) -> ApiError {
    // A number may be written with a million digits.
    let shown: String = value.to_string().chars().take(32).collect();
    ApiError::invalid_value(path, format!("`{path}` is {shown}; it must be {range}."))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A caller's own word inside a message: its beginning, and no control characters.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        Fields::of_body(value).unwrap()
    }

    fn told(error: ApiError) -> (String, String) {
        let body = error.into_envelope().error;
        (body.code.unwrap_or_default(), body.param.unwrap_or_default())
    }

    #[test]
    fn what_nobody_took_is_refused_by_name() {
        let mut body = fields(json!({"a": 1, "b": null, "user": "x", "c": 2}));
        assert_eq!(body.whole("a", 0, 5).unwrap(), Some(1));
        body.pass_over(&["user"]);
        assert_eq!(told(body.finish().unwrap_err()), ("unsupported_parameter".into(), "c".into()));
        assert!(fields(json!({"b": null})).finish().is_ok());
    }

    #[test]
    fn a_value_of_the_wrong_kind_or_size_names_its_field() {
        let body = || fields(json!({"n": 1.5, "t": "x", "big": 9, "l": [1], "huge": 1e300}));
        assert_eq!(told(body().whole("n", 0, 5).unwrap_err()).1, "n");
        assert_eq!(told(body().number("t", 0.0, 1.0).unwrap_err()).1, "t");
        assert_eq!(told(body().number("big", 0.0, 1.0).unwrap_err()).1, "big");
        assert_eq!(told(body().strings("l").unwrap_err()).1, "l");
        assert_eq!(told(body().whole("huge", 0, 5).unwrap_err()).1, "huge");
        let mut inner = Fields::of("messages[3]", json!({"x": 1})).unwrap();
        assert_eq!(told(inner.string("x").unwrap_err()).1, "messages[3].x");
    }

    #[test]
    fn a_number_beyond_every_float_is_out_of_range() {
        let body: Value = serde_json::from_str(r#"{"t": 1e999}"#).unwrap_or(json!({"t": f64::MAX}));
        assert_eq!(told(fields(body).number("t", 0.0, 2.0).unwrap_err()).1, "t");
    }
}
