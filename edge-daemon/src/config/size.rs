//! Amounts of memory as people write them.

use std::str::FromStr;

/// Bytes: `6GB`, `512 MiB`, `800000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let unit: f64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kb" => 1e3,
            "m" | "mb" => 1e6,
            "g" | "gb" => 1e9,
            "kib" => 1024.0,
            "mib" => 1024.0 * 1024.0,
            "gib" => 1024.0 * 1024.0 * 1024.0,
            _ => return Err(format!("`{text}` is no amount of memory; 6GB and 512MiB are")),
        };
        let number: f64 = text[..digits]
            .parse()
            .map_err(|_| format!("`{text}` is no amount of memory; 6GB and 512MiB are"))?;
        Ok(Self((number * unit) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(read("6GB"), Ok(6_000_000_000));
        assert_eq!(read("1.5 g"), Ok(1_500_000_000));
        assert_eq!(read("512MiB"), Ok(512 << 20));
        assert_eq!(read("77"), Ok(77));
        for wrong in ["", "GB", "six", "6TB?", "1.2.3GB", "-1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
