//! The threads that compute, kept from one step to the next.
//!
//! llama.cpp starts and ends its threads anew at every step unless it is given some to keep. That costs little on an idle
//! machine, and a twentieth of the speed where the cores are shared: a new thread waits for its turn at every step. llama-cpp-2
//! does not wrap the call, and so it is made here.

use std::ffi::{CStr, c_void};
use std::mem::transmute;
use std::ptr::{self, NonNull};

use llama_cpp_2::context::LlamaContext;
use llama_cpp_sys_2 as sys;

/// Threads that compute for one context. They spin for a moment after a step, and sleep until the next.
#[derive(Debug)]
pub struct Threads {
    pool: NonNull<sys::ggml_threadpool>,
    free: Free,
}

type New = unsafe extern "C" fn(*mut sys::ggml_threadpool_params) -> *mut sys::ggml_threadpool;
type Free = unsafe extern "C" fn(*mut sys::ggml_threadpool);

impl Threads {
    /// Starts `count` threads, of which the caller's own is one, and has the context compute with them. None for a single
    /// one, and where llama.cpp has no such thing: then it starts threads by itself.
    ///
    /// # Safety
    ///
    /// The context must be dropped before they are, and `count` be what the context was made with.
    #[expect(unsafe_code, reason = "llama-cpp-2 wraps none of these calls")]
    pub unsafe fn give(context: &mut LlamaContext<'_>, count: usize) -> Option<Self> {
        let count = i32::try_from(count).ok().filter(|count| *count > 1)?;
        let context = pointer(&format!("{context:?}"))?;
        // SAFETY: llama.cpp's own programs call these two functions by these names, with these types (`common.cpp`). The
        // context lives, since the caller holds it, and nobody else uses it meanwhile.
        unsafe {
            let new = transmute::<*mut c_void, New>(function(c"ggml_threadpool_new")?);
            let free = transmute::<*mut c_void, Free>(function(c"ggml_threadpool_free")?);
            let mut params = sys::ggml_threadpool_params_default(count);
            let pool = NonNull::new(new(&raw mut params))?;
            sys::llama_attach_threadpool(context, pool.as_ptr(), ptr::null_mut());
            Some(Self { pool, free })
        }
    }
}

impl Drop for Threads {
    #[expect(unsafe_code, reason = "llama-cpp-2 does not wrap it")]
    fn drop(&mut self) {
        // SAFETY: the function's counterpart made it, it is freed once, and the context that used it is gone.
        unsafe { (self.free)(self.pool.as_ptr()) }
    }
}

/// A function of the library that computes on the CPU, which is a part of the program or is loaded with it.
#[expect(unsafe_code, reason = "llama-cpp-2 does not wrap them")]
fn function(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: what was registered stays so, no null is passed on, and `name` ends with a zero.
    unsafe {
        let device = NonNull::new(sys::ggml_backend_dev_by_type(sys::GGML_BACKEND_DEVICE_TYPE_CPU))?;
        let library = NonNull::new(sys::ggml_backend_dev_backend_reg(device.as_ptr()))?;
        let function = sys::ggml_backend_reg_get_proc_address(library.as_ptr(), name.as_ptr());
        (!function.is_null()).then_some(function)
    }
}

/// llama-cpp-2 keeps the pointer to itself, but shows it. Anything else than that and nothing is read from it.
fn pointer(shown: &str) -> Option<*mut sys::llama_context> {
    let address = shown.strip_prefix("LlamaContext { context: 0x")?.strip_suffix(" }")?;
    let address = usize::from_str_radix(address, 16).ok().filter(|address| *address != 0)?;
    Some(ptr::with_exposed_provenance_mut(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_read_where_it_is_all_that_is_shown() {
        assert_eq!(pointer("LlamaContext { context: 0x7f10 }").map(<*mut _>::addr), Some(0x7f10));
        for other in [
            "LlamaContext { context: 0x0 }",
            "LlamaContext { model: 0x7f10, context: 0x7f20 }",
            "LlamaContext { context: 0x7f10, model: 0x7f20 }",
            "LlamaContext { .. }",
        ] {
            assert!(pointer(other).is_none(), "{other}");
        }
    }
}
