//! The GPU, in a build for one.

use llama_cpp_2::LogOptions;

use super::finding::Finding;
use crate::gpu;
use crate::model::load;

pub fn all() -> Vec<Finding> {
    if !gpu::BUILT_FOR_ONE {
        return Vec::new();
    }
    llama_cpp_2::send_logs_to_tracing(LogOptions::default().with_logs_enabled(false));
    if let Err(error) = load::backend() {
        return vec![Finding::fail("gpu", error.to_string(), "the daemon would end with status 3")];
    }
    let gpus = gpu::found();
    if gpus.is_empty() {
        let next = "install the GPU's driver, and see that this user may open it (groups video and render)";
        return vec![Finding::warn("gpu", "none is found: the CPU would compute", next)];
    }
    let found = |gpu: llama_cpp_2::LlamaBackendDevice| {
        let megabytes = gpu.memory_free / 1_000_000;
        Finding::ok("gpu", format!("{} ({}), {megabytes} MB free", gpu.name, gpu.description))
    };
    gpus.into_iter().map(found).collect()
}
