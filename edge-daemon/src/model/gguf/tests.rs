use super::*;
use proptest::prelude::*;

/// A small sound file: two pairs and one F32 tensor of eight numbers.
pub fn sound() -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3u32.to_le_bytes());
    bytes.extend(1u64.to_le_bytes());
    bytes.extend(2u64.to_le_bytes());
    let string = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    string(&mut bytes, "general.architecture");
    bytes.extend(8u32.to_le_bytes());
    string(&mut bytes, "llama");
    string(&mut bytes, "tokens");
    bytes.extend(9u32.to_le_bytes());
    bytes.extend(8u32.to_le_bytes());
    bytes.extend(1u64.to_le_bytes());
    string(&mut bytes, "hi");
    string(&mut bytes, "weight");
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(8u64.to_le_bytes());
    bytes.extend(0u32.to_le_bytes());
    bytes.extend(0u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32) + 32, 0);
    bytes
}

fn check_bytes(bytes: &[u8]) -> Result<Header, GgufError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    check(file.path())
}

#[test]
fn a_sound_file_passes_and_names_its_architecture() {
    assert_eq!(check_bytes(&sound()).unwrap().architecture.as_deref(), Some("llama"));
}

#[test]
fn every_length_short_of_the_whole_is_refused() {
    let whole = sound();
    for length in 0..whole.len() {
        let error = check_bytes(&whole[..length]).unwrap_err().to_string();
        let expected = if length < 4 { "not a GGUF model" } else { "cut short" };
        assert!(error.contains(expected), "{length}: {error}");
    }
}

#[test]
fn a_cut_file_says_how_much_is_missing() {
    let whole = sound();
    let error = check_bytes(&whole[..whole.len() - 1]).unwrap_err().to_string();
    assert!(
        error.contains(&format!("should have {} bytes and has {}", whole.len(), whole.len() - 1)),
        "{error}"
    );
}

#[test]
fn what_is_no_model_is_told_apart() {
    assert!(check_bytes(b"<html>").unwrap_err().to_string().contains("not a GGUF model"));
    let mut old = sound();
    old[4] = 1;
    assert!(check_bytes(&old).unwrap_err().to_string().contains("version 1"));
    assert!(check(Path::new("/")).unwrap_err().to_string().contains("folder"));
    assert!(check(Path::new("/no/such.gguf")).unwrap_err().to_string().contains("cannot be read"));
}

proptest! {
    #[test]
    fn damage_is_never_worse_than_an_error(at in 0usize..200, value in any::<u8>(), more in any::<[u8; 8]>()) {
        let mut bytes = sound();
        let at = at % (bytes.len() - 8);
        bytes[at] = value;
        let _ = check_bytes(&bytes);
        bytes[at..at + 8].copy_from_slice(&more);
        let _ = check_bytes(&bytes);
    }
}
