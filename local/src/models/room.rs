//! What this machine has room for: memory for a model, disk for its file.

use std::path::Path;

use sysinfo::{Disks, System};

use super::Model;

/// Memory that a model may plan with, in bytes: three quarters of the machine's, or of the container's where that is less.
pub fn memory_for_models() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    let machine = system.total_memory();
    let container = system.cgroup_limits().map_or(machine, |limits| limits.total_memory);
    machine.min(container) / 4 * 3
}

/// The catalogue's models that are larger than the default and fit in `memory` bytes, largest first.
pub fn larger_that_fit(models: &[Model], memory: u64) -> Vec<&Model> {
    let mut fitting: Vec<_> = models.iter().filter(|m| !m.default && m.memory() <= memory).collect();
    fitting.sort_by_key(|model| std::cmp::Reverse(model.size));
    fitting
}

/// Free bytes on the disk that holds `path`, where the system tells.
pub fn free_disk(path: &Path) -> Option<u64> {
    let path = path.canonicalize().ok()?;
    Disks::new_with_refreshed_list()
        .list()
        .iter()
        .filter(|disk| path.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().components().count())
        .map(sysinfo::Disk::available_space)
}

/// `2.5 GB`, in powers of ten as disks and hubs count.
pub fn bytes(count: u64) -> String {
    let count = count as f64;
    match count {
        _ if count >= 1e9 => format!("{:.1} GB", count / 1e9),
        _ if count >= 1e6 => format!("{:.0} MB", count / 1e6),
        _ => format!("{:.0} kB", count / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Catalogue;

    #[test]
    fn what_fits_is_offered_largest_first() {
        let catalogue = Catalogue::built_in().unwrap();
        let names = |memory| -> Vec<_> {
            larger_that_fit(catalogue.models(), memory).iter().map(|m| m.name.clone()).collect()
        };
        assert_eq!(names(2_000_000_000), ["Qwen3-0.6B"]);
        assert_eq!(names(16_000_000_000).first().unwrap(), "CodeLlama-7B-Instruct");
        assert!(names(500_000_000).is_empty());
    }

    #[test]
    fn sizes_read_as_people_say_them() {
        assert_eq!(bytes(98_362_432), "98 MB");
        assert_eq!(bytes(2_497_000_000), "2.5 GB");
    }
}
