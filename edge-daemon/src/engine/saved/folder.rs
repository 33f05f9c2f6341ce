//! The folder that the files are in. It may serve several models and several daemons: nothing but the folder itself says
//! what is in it, and whatever is no longer there is done without.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How the names of whole files end.
const WHOLE: &str = "prefix";
/// How the names of files end that are being written.
const PART: &str = "part";

/// Nobody writes a file for as long as this: whoever began it was killed.
const ABANDONED: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    most_bytes: u64,
}

/// A file of ours, whoever's cells it holds.
#[derive(Debug)]
struct Stored {
    name: String,
    bytes: u64,
    /// When it was last of use, which its time of change says.
    used: SystemTime,
}

impl Stored {
    fn has_ending(&self, ending: &str) -> bool {
        Path::new(&self.name).extension().is_some_and(|found| found == ending)
    }
}

/// Makes the folder, which is its owner's alone. One that is there stays as it is.
pub fn prepare(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

impl Folder {
    pub fn open(path: &Path, most_bytes: u64) -> io::Result<Self> {
        let folder = Self { path: path.to_owned(), most_bytes };
        for stored in folder.stored()?.into_iter().filter(|stored| stored.has_ending(PART)) {
            if stored.used.elapsed().is_ok_and(|age| age > ABANDONED) {
                fs::remove_file(folder.path(&stored.name))?;
            }
        }
        Ok(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The name of the file with this content.
    pub fn name(digest: &str) -> String {
        format!("{digest}.{WHOLE}")
    }

    /// The whole files.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let whole = self.stored()?.into_iter().filter(|stored| stored.has_ending(WHOLE));
        Ok(whole.map(|stored| stored.name).collect())
    }

    /// Our files, the one that was of no use for longest first.
    fn stored(&self) -> io::Result<Vec<Stored>> {
        let mut stored = Vec::new();
        for file in fs::read_dir(&self.path)? {
            let file = file?;
            let Ok(name) = file.file_name().into_string() else { continue };
            // Another daemon may have removed it just now.
            let Ok(metadata) = file.metadata() else { continue };
            let used = metadata.modified()?;
            let found = Stored { name, bytes: metadata.len(), used };
            if metadata.is_file() && (found.has_ending(WHOLE) || found.has_ending(PART)) {
                stored.push(found);
            }
        }
        stored.sort_by_key(|stored| stored.used);
        Ok(stored)
    }

    /// Removes what was of no use for longest, until so many bytes fit in. False where that would take what is `spared`.
    pub fn make_room(&self, bytes: u64, spared: impl Fn(&str) -> bool) -> io::Result<bool> {
        let stored = self.stored()?;
        let mut total: u64 = bytes + stored.iter().map(|stored| stored.bytes).sum::<u64>();
        let gone: Vec<&Stored> = stored
            .iter()
            .take_while(|stored| {
                let is_too_much = total > self.most_bytes;
                total -= if is_too_much { stored.bytes } else { 0 };
                is_too_much
            })
            .collect();
        if total > self.most_bytes || gone.iter().any(|stored| spared(&stored.name)) {
            return Ok(false);
        }
        for stored in gone {
            match fs::remove_file(self.path(&stored.name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(true)
    }

    /// An empty file to write into, which only its owner may read: it tells what was said.
    pub fn begin(&self, name: &str) -> io::Result<PathBuf> {
        let part = self.path(&format!("{name}.{}.{PART}", std::process::id()));
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        Ok(part)
    }

    /// A file is written: from now on it is there, whole. It need not have reached the disk, since what a power cut
    /// leaves of it does not match its digest.
    pub fn finish(&self, part: &Path, name: &str) -> io::Result<()> {
        fs::rename(part, self.path(name))
    }

    /// A file was of use.
    pub fn touch(&self, name: &str) -> io::Result<()> {
        File::options().append(true).open(self.path(name))?.set_modified(SystemTime::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(most_bytes: u64) -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), most_bytes).unwrap();
        (place, folder)
    }

    fn put(folder: &Folder, name: &str, bytes: usize, used: u64) {
        let part = folder.begin(name).unwrap();
        fs::write(&part, vec![0; bytes]).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(used);
        File::options().append(true).open(&part).unwrap().set_modified(at).unwrap();
        folder.finish(&part, name).unwrap();
    }

    fn names(folder: &Folder) -> Vec<String> {
        let mut names = folder.names().unwrap();
        names.sort();
        names
    }

    #[test]
    fn the_one_that_was_of_no_use_for_longest_makes_room() {
        let (_place, folder) = folder(100);
        for (name, used) in [("a.prefix", 2), ("b.prefix", 1), ("c.prefix", 3)] {
            put(&folder, name, 30, used);
        }
        assert!(folder.make_room(10, |_| false).unwrap());
        assert_eq!(names(&folder), ["a.prefix", "b.prefix", "c.prefix"]);
        assert!(folder.make_room(11, |_| false).unwrap());
        assert_eq!(names(&folder), ["a.prefix", "c.prefix"]);
        folder.touch("a.prefix").unwrap();
        assert!(folder.make_room(60, |_| false).unwrap());
        assert_eq!(names(&folder), ["a.prefix"]);
    }

    #[test]
    fn what_is_spared_stays_and_so_does_what_would_not_help() {
        let (_place, folder) = folder(100);
        put(&folder, "a.prefix", 30, 1);
        put(&folder, "b.prefix", 30, 2);
        assert!(!folder.make_room(80, |name| name == "b.prefix").unwrap());
        assert!(!folder.make_room(101, |_| false).unwrap());
        assert_eq!(names(&folder), ["a.prefix", "b.prefix"]);
    }

    #[test]
    fn what_was_never_finished_counts_for_nothing_and_goes_in_time() {
        let (place, folder) = folder(100);
        let part = folder.begin("a.prefix").unwrap();
        fs::write(&part, "half").unwrap();
        assert!(names(&folder).is_empty());
        Folder::open(place.path(), 100).unwrap();
        assert!(part.exists(), "somebody may still be writing it");
        File::options().append(true).open(&part).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        Folder::open(place.path(), 100).unwrap();
        assert!(!part.exists());
    }

    #[test]
    fn only_its_owner_reads_it_and_other_peoples_files_are_left_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/inside");
        prepare(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        fs::write(path.join("letter.txt"), vec![0; 1000]).unwrap();
        let folder = Folder::open(&path, 100).unwrap();
        put(&folder, "a.prefix", 10, 1);
        assert_eq!(mode(&folder.path("a.prefix")), 0o600);
        assert!(folder.make_room(100, |_| false).unwrap());
        assert!(path.join("letter.txt").exists() && names(&folder).is_empty());
    }
}
