//! Where llama.cpp's kernels come from. In most builds they are part of the program. Built with `dynamic-backends` they are
//! libraries, one for each generation of CPUs and each kind of GPU, of which the best that runs here is loaded.

/// Loads the kernels that fit this machine; a sentence where there are none.
#[cfg(feature = "dynamic-backends")]
pub fn load() -> Result<(), String> {
    use llama_cpp_2::llama_backend::{load_backends, load_backends_from_path};

    let program =
        std::env::current_exe().map_err(|error| format!("the program's own folder is not known: {error}"))?;
    let beside = program.parent().map(std::path::Path::to_owned).unwrap_or_default();
    let folders = [beside.clone(), beside.join("../lib/hearth-edge")];
    // llama.cpp takes names in UTF-8 alone.
    match folders.iter().find(|folder| folder.to_str().is_some() && holds_backends(folder)) {
        Some(folder) => load_backends_from_path(folder),
        // Where they were built, which is right for whoever builds and tests them.
        None => load_backends(),
    }
    if llama_cpp_2::list_llama_ggml_backend_devices().is_empty() {
        return Err(format!(
            "none of its libraries (libggml-cpu-*.so) that fits this machine is in {} or in {}; put them beside the program",
            folders[0].display(),
            folders[1].display()
        ));
    }
    let kernels = chosen().unwrap_or_else(|| "unknown".to_owned());
    tracing::info!(kernels, "kernels were chosen for this CPU");
    Ok(())
}

/// The generation of CPUs whose kernels were loaded. llama.cpp says it nowhere; Linux knows which libraries a process maps.
#[cfg(feature = "dynamic-backends")]
fn chosen() -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let (_, rest) = maps.split_once("/libggml-cpu-")?;
    rest.split_once(".so").map(|(name, _)| name.to_owned())
}

#[cfg(feature = "dynamic-backends")]
fn holds_backends(folder: &std::path::Path) -> bool {
    let is_backend = |name: &str| name.starts_with("libggml-cpu");
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_str().is_some_and(is_backend))
}

/// They are part of the program.
#[cfg(not(feature = "dynamic-backends"))]
#[expect(clippy::unnecessary_wraps, reason = "the other build can fail")]
pub fn load() -> Result<(), String> {
    Ok(())
}
