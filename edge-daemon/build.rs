//! Writes down which instructions this build will use, for `hearth-edge doctor` to hold against the machine it runs on, and
//! where the program finds the libraries that it may have.

use std::env;

/// What llama.cpp's kernels are built with for x86-64, unless they are built for the machine at hand or switched off one by
/// one. Source: ggml's CMakeLists.txt (`INS_ENB`), and the build script of llama-cpp-sys-2, which hands GGML_ variables on.
const KERNELS: &[(&str, &str)] = &[
    ("GGML_SSE42", "sse4.2"),
    ("GGML_AVX", "avx"),
    ("GGML_AVX2", "avx2"),
    ("GGML_BMI2", "bmi2"),
    ("GGML_FMA", "fma"),
    ("GGML_F16C", "f16c"),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    find_libraries();
    println!("cargo:rustc-env=HEARTH_EDGE_INSTRUCTIONS={}", instructions().join(","));
}

/// Libraries are looked for beside the program, wherever both are put together.
fn find_libraries() {
    if !chosen_when_started() {
        return;
    }
    let here = if variable("CARGO_CFG_TARGET_OS") == "macos" { "@executable_path" } else { "$ORIGIN" };
    for folder in [here.to_owned(), format!("{here}/../lib/hearth-edge")] {
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{folder}");
    }
}

/// What rustc and llama.cpp's compiler may use, as rustc names it.
fn instructions() -> Vec<String> {
    let mut features: Vec<String> =
        variable("CARGO_CFG_TARGET_FEATURE").split(',').map(str::to_owned).collect();
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    let native = flags.split('\x1f').any(|flag| flag.contains("target-cpu=native"));
    if variable("CARGO_CFG_TARGET_ARCH") == "x86_64" && !native && !chosen_when_started() {
        for (setting, feature) in KERNELS {
            println!("cargo:rerun-if-env-changed={setting}");
            if variable(setting) != "OFF" {
                features.push((*feature).to_owned());
            }
        }
    }
    features
}

/// Are the kernels libraries of their own, of which the best is taken when the program starts?
fn chosen_when_started() -> bool {
    env::var_os("CARGO_FEATURE_DYNAMIC_BACKENDS").is_some()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
