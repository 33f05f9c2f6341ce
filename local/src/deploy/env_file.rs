//! Environment files, as dotenv, Vercel's and Cloudflare's tools read them: `NAME=value` by the line, `export` allowed,
//! values bare, in single quotes (as they are) or in double quotes (with `\n`, `\"`, `\\`), comments behind `#`.

use super::finding::Finding;
use crate::secrets::Secret;

/// One assignment.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    pub value: Secret,
    /// Counted from 1.
    pub line: usize,
}

/// What a file says, and where it can't be read.
#[derive(Debug, Clone, Default)]
pub struct EnvFile {
    entries: Vec<Entry>,
    mistakes: Vec<Finding>,
}

impl EnvFile {
    /// Reads as much as can be read; the rest becomes findings that name the line, never its text.
    pub fn parse(text: &str) -> Self {
        let mut file = Self::default();
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut line = 1;
        while !rest.is_empty() {
            let first = rest.split('\n').next().unwrap_or_default();
            let taken = match assignment(first, rest) {
                Ok(None) => first.len(),
                Ok(Some((name, value, taken))) => {
                    file.entries.push(Entry { name, value: Secret::new(value), line });
                    taken
                }
                Err(mistake) => {
                    file.mistakes.push(Finding::stop(format!("line {line}"), mistake));
                    first.len()
                }
            };
            line += rest[..taken].matches('\n').count() + 1;
            rest = rest.get(taken + 1..).unwrap_or_default();
        }
        file
    }

    pub fn mistakes(&self) -> &[Finding] {
        &self.mistakes
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The value of a setting, without white space around it, as hosts read it. The last assignment counts; an empty one
    /// counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        let entry = self.entries.iter().rev().find(|entry| entry.name == name)?;
        Some(entry.value.expose().trim()).filter(|value| !value.is_empty())
    }
}

/// Name, value, and how many bytes of `rest` they took; nothing where the line says nothing.
fn assignment(first: &str, rest: &str) -> Result<Option<(String, String, usize)>, &'static str> {
    let said = first.trim_start();
    if said.trim().is_empty() || said.starts_with('#') {
        return Ok(None);
    }
    let said = said.strip_prefix("export ").unwrap_or(said);
    let Some((name, value)) = said.split_once('=') else {
        return Err("is no assignment. Write NAME=value, or put a # in front of it");
    };
    let name = name.trim();
    if !is_name(name) {
        return Err(
            "has no name that a host could read. Names are letters, digits and _, and begin with no digit",
        );
    }
    let value = value.trim_start();
    let offset = first.len() - value.len();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let (value, length) =
                quoted(&rest[offset..], quote).ok_or("opens a quote and never closes it")?;
            let end = offset + length;
            let behind = rest[end..].split('\n').next().unwrap_or_default();
            if !(behind.trim().is_empty() || behind.trim_start().starts_with('#')) {
                return Err("goes on behind its closing quote. Quote all of the value, or nothing of it");
            }
            Ok(Some((name.to_owned(), value, end + behind.len())))
        }
        Some('“' | '”' | '„' | '‘' | '’') => {
            Err("has typographic quotes, which would become part of the value. Type plain ones, or none")
        }
        _ => Ok(Some((name.to_owned(), bare(value).to_owned(), first.len()))),
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A value without quotes ends at a comment, which has white space in front of it.
fn bare(value: &str) -> &str {
    let comment = value
        .char_indices()
        .find(|(at, c)| *c == '#' && value[..*at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(value, |(at, _)| &value[..at]).trim_end()
}

/// The text within quotes, and the length of all of it.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            c if c == quote => return Some((value, at + 1)),
            '\\' if quote == '"' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::EnvFile;

    fn read(text: &str) -> Vec<(String, String, usize)> {
        let file = EnvFile::parse(text);
        assert!(file.mistakes().is_empty(), "{:?}", file.mistakes());
        let entries = file.entries().iter();
        entries.map(|entry| (entry.name.clone(), entry.value.expose().to_owned(), entry.line)).collect()
    }

    #[test]
    fn values_come_bare_quoted_and_exported() {
        let text = "\u{feff}# comment\r\n\r\nA=1\r\nexport B = two words # said\nC=\"x # \\\"y\\\"\\n\" # said\nD='raw \\n $A'\nE=\nF=a#b\n";
        let expected = [
            ("A", "1", 3),
            ("B", "two words", 4),
            ("C", "x # \"y\"\n", 5),
            ("D", "raw \\n $A", 6),
            ("E", "", 7),
            ("F", "a#b", 8),
        ];
        let expected: Vec<_> = expected.map(|(name, value, line)| (name.into(), value.into(), line)).into();
        assert_eq!(read(text), expected);
    }

    #[test]
    fn a_quoted_value_goes_over_lines_and_the_count_goes_on() {
        assert_eq!(read("A=\"1\n2\"\nB=3"), [("A".into(), "1\n2".into(), 1), ("B".into(), "3".into(), 3)]);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_line_and_not_shown() {
        let file = EnvFile::parse("sesame\n1A=sesame\nB=\"sesame\nC=“sesame”\nD='x' sesame\nE=1");
        let told: Vec<_> = file.mistakes().iter().map(|finding| finding.about.as_str()).collect();
        assert_eq!(told, ["line 1", "line 2", "line 3", "line 4", "line 5"]);
        assert!(!format!("{file:?}").contains("sesame"));
        assert_eq!(file.get("E"), Some("1"));
    }

    #[test]
    fn the_last_assignment_counts_and_an_empty_one_is_none() {
        let file = EnvFile::parse("A=1\nA= 2 \nB=\n");
        assert_eq!((file.get("A"), file.get("B"), file.get("C")), (Some("2"), None, None));
    }
}
