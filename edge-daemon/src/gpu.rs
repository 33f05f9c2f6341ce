//! Which GPU this build can use, how much of a model it gets, and whether one is there.

use clap::Args;
use llama_cpp_2::{LlamaBackendDevice, LlamaBackendDeviceType, list_llama_ggml_backend_devices};

/// Is this a build for a GPU? On Macs with Apple's own chips every build is.
pub const BUILT_FOR_ONE: bool = cfg!(any(
    feature = "cuda",
    feature = "vulkan",
    feature = "metal",
    all(target_os = "macos", target_arch = "aarch64")
));

#[derive(Debug, Args)]
pub struct GpuOptions {
    /// Layers of the model that the GPU computes [default: all of them in a build for a GPU, else none]
    #[arg(long, value_name = "N")]
    gpu_layers: Option<u32>,
}

impl GpuOptions {
    /// The number of layers for the GPU. What a build cannot do is not silently left out.
    pub fn check(&self) -> Result<u32, String> {
        match self.gpu_layers {
            Some(layers) if layers > 0 && !BUILT_FOR_ONE => Err(format!(
                "--gpu-layers {layers}: this build computes on the CPU alone; build it with --features hearth-edge/cuda, \
                 hearth-edge/vulkan or hearth-edge/metal, or leave the option out"
            )),
            Some(layers) => Ok(layers),
            None if BUILT_FOR_ONE => Ok(u32::MAX),
            None => Ok(0),
        }
    }
}

/// The GPUs that llama.cpp has found. Its backend must have been started.
pub fn found() -> Vec<LlamaBackendDevice> {
    let gpu = |device: &LlamaBackendDevice| {
        matches!(device.device_type, LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu)
    };
    list_llama_ggml_backend_devices().into_iter().filter(gpu).collect()
}

/// Says once a load which GPU computes, or that none does where one should.
pub fn tell(layers: u32) {
    if layers == 0 {
        return;
    }
    let gpus = found();
    if gpus.is_empty() {
        tracing::warn!(
            "no GPU was found: the CPU computes; see that the GPU's driver is installed and may be opened"
        );
    }
    for gpu in gpus {
        let layers = if layers == u32::MAX { "all".to_owned() } else { layers.to_string() };
        let free_mb = gpu.memory_free / 1_000_000;
        tracing::info!(gpu = gpu.name, model = gpu.description, layers, free_mb, "a GPU computes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gpu_gets_everything_in_a_build_for_one_and_nothing_in_another() {
        let layers = |gpu_layers| GpuOptions { gpu_layers }.check();
        assert_eq!(layers(Some(0)), Ok(0));
        if BUILT_FOR_ONE {
            assert_eq!((layers(None), layers(Some(5))), (Ok(u32::MAX), Ok(5)));
        } else {
            assert_eq!(layers(None), Ok(0));
            assert!(layers(Some(5)).unwrap_err().contains("--gpu-layers 5"));
        }
    }
}
