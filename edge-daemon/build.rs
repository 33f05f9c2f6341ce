//! Writes down which instructions this build will use, for `hearth-edge doctor` to hold against the machine it runs on.

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
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let mut features: Vec<String> =
        variable("CARGO_CFG_TARGET_FEATURE").split(',').map(str::to_owned).collect();
    let native = variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').any(|flag| flag.contains("target-cpu=native"));
    // With backends of their own kernels are chosen when the program starts.
    let chosen_later = env::var_os("CARGO_FEATURE_DYNAMIC_BACKENDS").is_some();
    if variable("CARGO_CFG_TARGET_ARCH") == "x86_64" && !native && !chosen_later {
        for (setting, feature) in KERNELS {
            println!("cargo:rerun-if-env-changed={setting}");
            if variable(setting) != "OFF" {
                features.push((*feature).to_owned());
            }
        }
    }
    println!("cargo:rustc-env=HEARTH_EDGE_INSTRUCTIONS={}", features.join(","));
}
