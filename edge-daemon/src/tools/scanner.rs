//! One call's object, read as it is being written: `{"name": "f", "arguments": {…}}` in any order of its fields, with
//! `parameters` for the arguments, or wrapped in `{"type": "function", "function": {…}}`.

/// Reads one object. What it can tell is told as soon as it is certain.
#[derive(Debug, Default)]
pub struct CallScanner {
    /// Everything read so far, to be given back if it turns out to be no call.
    raw: String,
    at: At,
    /// Objects that are open: the call's own, and `function`'s.
    open: usize,
    key: String,
    name: Option<String>,
    /// Arguments that were read before the name.
    early: Option<String>,
    told_arguments: bool,
}

/// What a character brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// The call's name. It comes once, before any arguments.
    Name(String),
    /// The arguments go on.
    Arguments(String),
    /// The object is closed. A call that gave no arguments has none.
    Over,
    /// This is something else.
    NotACall,
}

#[derive(Debug, Default)]
enum At {
    #[default]
    Start,
    /// Before a key or the object's end.
    Key,
    InKey {
        escaped: bool,
    },
    Colon,
    Value,
    /// Inside a value that is of interest as a whole (a name, arguments in a string) or of none.
    InValue(Depth),
    /// Inside the arguments' own value.
    InArguments(Depth),
    AfterValue,
}

/// Where one is inside a JSON value.
#[derive(Debug, Default)]
struct Depth {
    text: String,
    brackets: usize,
    in_string: bool,
    escaped: bool,
}

impl Depth {
    /// Takes the next character; true when the value ended with it.
    fn push(&mut self, c: char) -> bool {
        self.text.push(c);
        if self.in_string {
            match c {
                _ if self.escaped => self.escaped = false,
                '\\' => self.escaped = true,
                '"' => self.in_string = false,
                _ => {}
            }
            return !self.in_string && self.brackets == 0;
        }
        match c {
            '"' => self.in_string = true,
            '{' | '[' => self.brackets += 1,
            '}' | ']' => {
                self.brackets = self.brackets.saturating_sub(1);
                return self.brackets == 0;
            }
            _ => {}
        }
        false
    }

    /// A number or a word ends with what follows it.
    fn is_scalar(&self) -> bool {
        self.brackets == 0 && !self.in_string
    }
}

impl CallScanner {
    /// Everything read so far.
    pub fn into_raw(self) -> String {
        self.raw
    }

    /// Takes the next character.
    pub fn push(&mut self, c: char) -> Vec<Told> {
        self.raw.push(c);
        match &mut self.at {
            At::Start if c == '{' => {
                self.open = 1;
                self.at = At::Key;
                vec![]
            }
            At::Key if c == '"' => {
                self.key.clear();
                self.at = At::InKey { escaped: false };
                vec![]
            }
            At::Key | At::AfterValue if c == '}' => self.close(),
            At::AfterValue if c == ',' => {
                self.at = At::Key;
                vec![]
            }
            At::InKey { escaped } => {
                match c {
                    '"' if !*escaped => self.at = At::Colon,
                    '\\' if !*escaped => *escaped = true,
                    _ => {
                        *escaped = false;
                        self.key.push(c);
                    }
                }
                vec![]
            }
            At::Colon if c == ':' => {
                self.at = At::Value;
                vec![]
            }
            At::InValue(_) | At::InArguments(_) => self.go_on(c),
            _ if c.is_whitespace() => vec![],
            At::Value => self.begin_value(c),
            _ => vec![Told::NotACall],
        }
    }

    fn begin_value(&mut self, c: char) -> Vec<Told> {
        match self.key.as_str() {
            "function" if c == '{' && self.open == 1 => {
                self.open = 2;
                self.at = At::Key;
                vec![]
            }
            "arguments" | "parameters" if c == '{' => {
                self.at = At::InArguments(Depth::default());
                self.go_on(c)
            }
            "name" | "function" if c != '"' => vec![Told::NotACall],
            "name" | "function" | "arguments" | "parameters" | "id" | "type" => {
                self.at = At::InValue(Depth::default());
                self.go_on(c)
            }
            _ => vec![Told::NotACall],
        }
    }

    fn go_on(&mut self, c: char) -> Vec<Told> {
        match &mut self.at {
            At::InArguments(depth) => {
                let over = depth.push(c);
                let text = if self.name.is_some() {
                    std::mem::take(&mut depth.text)
                } else if over {
                    self.early = Some(std::mem::take(&mut depth.text));
                    String::new()
                } else {
                    String::new()
                };
                if over {
                    self.at = At::AfterValue;
                }
                self.arguments(text)
            }
            At::InValue(depth) => {
                if depth.is_scalar() && matches!(c, ',' | '}') && !depth.text.is_empty() {
                    self.at = if c == ',' { At::Key } else { At::AfterValue };
                    return if c == '}' { self.close() } else { vec![] };
                }
                if !depth.push(c) {
                    return vec![];
                }
                let text = std::mem::take(&mut depth.text);
                self.at = At::AfterValue;
                self.whole_value(&text)
            }
            _ => vec![],
        }
    }

    /// A value that was of interest as a whole.
    fn whole_value(&mut self, text: &str) -> Vec<Told> {
        let word = serde_json::from_str::<String>(text).ok();
        match (self.key.as_str(), word) {
            ("name" | "function", Some(name)) if self.name.is_none() => {
                self.name = Some(name.clone());
                let mut told = vec![Told::Name(name)];
                if let Some(early) = self.early.take() {
                    told.extend(self.arguments(early));
                }
                told
            }
            // Some models wrap the arguments in a string once more.
            ("arguments" | "parameters", Some(arguments)) => {
                if self.name.is_some() {
                    self.arguments(arguments)
                } else {
                    self.early = Some(arguments);
                    vec![]
                }
            }
            _ => vec![],
        }
    }

    fn arguments(&mut self, text: String) -> Vec<Told> {
        if text.is_empty() {
            return vec![];
        }
        self.told_arguments = true;
        vec![Told::Arguments(text)]
    }

    fn close(&mut self) -> Vec<Told> {
        self.open -= 1;
        if self.open > 0 {
            self.at = At::AfterValue;
            return vec![];
        }
        if self.name.is_none() {
            return vec![Told::NotACall];
        }
        let mut told = if self.told_arguments { vec![] } else { self.arguments("{}".to_owned()) };
        told.push(Told::Over);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name and the arguments of a call; nothing where it is none.
    fn scan(text: &str) -> Option<(String, String)> {
        let mut scanner = CallScanner::default();
        let (mut name, mut arguments) = (None, String::new());
        for c in text.chars() {
            for told in scanner.push(c) {
                match told {
                    Told::Name(told) => name = Some(told),
                    Told::Arguments(more) => arguments.push_str(&more),
                    Told::Over => return name.map(|name| (name, arguments)),
                    Told::NotACall => return None,
                }
            }
        }
        None
    }

    fn call(name: &str, arguments: &str) -> (String, String) {
        (name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn every_order_and_wrapping_is_read() {
        for text in [
            r#"{"name": "f", "arguments": {"a": "}\""}}"#,
            r#"{"arguments":{"a": "}\""},"name":"f"}"#,
            r#"{"type": "function", "name": "f", "parameters": {"a": "}\""}}"#,
            r#"{"id": "x", "type": "function", "function": {"name": "f", "arguments": {"a": "}\""}}}"#,
            r#"{"function": "f", "parameters": {"a": "}\""}}"#,
            r#"{ "name" : "f" , "arguments" : "{\"a\": \"}\\\"\"}" }"#,
        ] {
            assert_eq!(scan(text), Some(call("f", r#"{"a": "}\""}"#)), "{text}");
        }
        assert_eq!(scan(r#"{"name": "f"}"#), Some(call("f", "{}")));
        assert_eq!(scan(r#"{"name": "f", "id": 7}"#), Some(call("f", "{}")));
        assert_eq!(scan(r#"{"name": "f", "arguments": null}"#), Some(call("f", "{}")));
    }

    #[test]
    fn other_objects_are_no_calls() {
        for text in [r#"{"answer": 42}"#, "{}", "x", r#"{"name": 7}"#, r#"{"arguments": {}}"#, "{]"] {
            assert_eq!(scan(text), None, "{text}");
        }
    }
}
