//! A machine that is told: the files of /proc and /sys, in a folder.

use std::fs;

pub struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// The CPU at hand, 8 GB of memory, no swap and no limit.
    pub fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        machine.write("proc/cpuinfo", &fs::read_to_string("/proc/cpuinfo").unwrap());
        machine.write("proc/self/cgroup", "0::/\n");
        machine.memory(8_000_000, 7_000_000, 0, 0);
        machine
    }

    pub fn root(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// In units of 1024 bytes.
    pub fn memory(&self, total: u64, available: u64, swap: u64, swap_free: u64) {
        let lines =
            [("MemTotal", total), ("MemAvailable", available), ("SwapTotal", swap), ("SwapFree", swap_free)];
        let text: String = lines.map(|(name, figure)| format!("{name}: {figure:>12} kB\n")).concat();
        self.write("proc/meminfo", &text);
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
