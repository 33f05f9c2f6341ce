//! What Linux says of the machine, in the files of /proc and /sys.

use std::path::{Path, PathBuf};

pub struct Machine {
    root: PathBuf,
}

/// Memory and swap, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub total: u64,
    /// What a program can still take without driving others out.
    pub available: u64,
    pub swap: u64,
    pub swap_free: u64,
}

/// The unit that is shipped, whose limit counts even if the doctor does not run in it.
const UNIT: &str = "system.slice/hearth-edge.service";

impl Machine {
    pub fn below(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Source: proc_meminfo(5); units of 1024 bytes.
    pub fn memory(&self) -> Option<Memory> {
        let text = self.read("proc/meminfo")?;
        let figure = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
        };
        Some(Memory {
            total: figure("MemTotal")?,
            available: figure("MemAvailable")?,
            swap: figure("SwapTotal").unwrap_or(0),
            swap_free: figure("SwapFree").unwrap_or(0),
        })
    }

    /// The tightest limit on memory over this process, or over the unit if that runs, and where it is set. Source:
    /// cgroups(7), and the kernel's cgroup-v2 and cgroup-v1/memory documents.
    pub fn memory_limit(&self) -> Option<(u64, PathBuf)> {
        let groups = self.read("proc/self/cgroup").unwrap_or_default();
        let mut folders: Vec<(PathBuf, &str)> = Vec::new();
        for line in groups.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
            let group = group.trim_start_matches('/');
            if controllers.is_empty() {
                folders.extend(upwards("sys/fs/cgroup", group).map(|folder| (folder, "memory.max")));
            } else if controllers.split(',').any(|controller| controller == "memory") {
                let folders_of_v1 = upwards("sys/fs/cgroup/memory", group);
                folders.extend(folders_of_v1.map(|folder| (folder, "memory.limit_in_bytes")));
            }
        }
        folders.push((Path::new("sys/fs/cgroup").join(UNIT), "memory.max"));
        let limits = folders.into_iter().filter_map(|(folder, name)| {
            let path = self.root.join(folder).join(name);
            // `max` is none.
            let limit = std::fs::read_to_string(&path).ok()?.trim().parse().ok()?;
            Some((limit, path))
        });
        limits.min()
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }
}

/// A group's folder and those above it, each of which can hold a limit.
fn upwards(mount: &'static str, group: &str) -> impl Iterator<Item = PathBuf> {
    let group = PathBuf::from(group);
    let folders: Vec<PathBuf> = group.ancestors().map(|group| Path::new(mount).join(group)).collect();
    folders.into_iter()
}
