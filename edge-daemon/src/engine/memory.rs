//! How much memory this machine has to spare, and giving back what is no longer needed.

/// Bytes that a program can still take without driving others out, where the system says so.
pub fn available() -> Option<u64> {
    available_in(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// Source: proc_meminfo(5), `MemAvailable`, in units of 1024 bytes.
fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Gives the system back what is free. glibc keeps free memory that lies between two pieces in use: where models came and went
/// under load for some minutes, more than half of what it held was free.
pub fn give_back() {
    // SAFETY: it takes no pointer, touches free memory alone, and may be called by any thread at any time (malloc_trim(3)).
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "no crate wraps it; it cannot be misused")]
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figure_is_read() {
        let meminfo = "MemTotal:       24689764 kB\nMemAvailable:   23000000 kB\n";
        assert_eq!(available_in(meminfo), Some(23_000_000 * 1024));
        assert_eq!(available_in("MemTotal: 1 kB\n"), None);
    }
}
