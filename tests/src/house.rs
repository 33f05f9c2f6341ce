//! A running `hearth up`, with real PostgreSQL, Redis and model.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    person::{Person, read},
    wait::LIMIT,
};

/// Names a file with the line that `hearth up --json` printed. Tests that do no harm share that house.
const SHARED: &str = "HEARTH_TEST_UP";

/// A house, as scripts know it.
#[derive(Clone, Debug, Deserialize)]
pub struct Up {
    pub url: String,
    pub edge_url: String,
    pub publishable_key: String,
    pub secret_key: String,
    pub anon_key: String,
    pub service_key: String,
    pub redis_token: String,
    pub model: Option<String>,
    pub context: Option<u32>,
    pub pid: u32,
    #[serde(default)]
    pub home: Option<PathBuf>,
}

/// A house of one's own, or a share in the common one.
pub struct House {
    pub up: Up,
    home: PathBuf,
    own: Option<Own>,
}

struct Own {
    child: Child,
    folder: Option<tempfile::TempDir>,
}

impl House {
    /// The common house where there is one, else one of one's own.
    pub async fn shared() -> Self {
        let Ok(path) = env::var(SHARED) else { return Self::own().await };
        let text = std::fs::read_to_string(&path).expect("the file that HEARTH_TEST_UP names");
        let up: Up = serde_json::from_str(&text).expect("the line of `hearth up --json`");
        let home = up.home.clone().expect("`home` beside what `hearth up --json` printed");
        Self { up, home, own: None }
    }

    /// A house that this test alone lives in, so that it may break things.
    pub async fn own() -> Self {
        let folder = tempfile::Builder::new().prefix("hearth-test-").tempdir().expect("a temporary folder");
        // As root, PostgreSQL runs as another user, who must reach its data.
        open_to_all(folder.path());
        let mut house = Self::at(folder.path()).await;
        if let Some(own) = &mut house.own {
            own.folder = Some(folder);
        }
        house
    }

    /// Starts a house in this folder.
    pub async fn at(home: &Path) -> Self {
        Self::at_port(home, "0").await
    }

    async fn at_port(home: &Path, port: &str) -> Self {
        let mut child = Command::new(program("hearth"))
            .args(["up", "--json", "--port", port, "--edge-port", "0", "--home"])
            .arg(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("target/release/hearth, built");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(LIMIT, lines.next_line())
            .await
            .expect("`hearth up` to be ready within a minute")
            .expect("its output")
            .expect("one line of JSON");
        let up = serde_json::from_str(&line).expect("a line of JSON");
        Self { up, home: home.to_owned(), own: Some(Own { child, folder: None }) }
    }

    /// The house's folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Ends the house at once, as a power cut would, and gives the folder that is left.
    pub async fn kill(mut self) -> Remains {
        let mut own = self.own.take().expect("a house of one's own");
        own.child.kill().await.expect("to kill `hearth up`");
        let port = self.up.url.rsplit(':').next().unwrap_or("0").to_owned();
        Remains { home: self.home.clone(), port, folder: own.folder.take() }
    }

    /// Stops the house as Ctrl-C does, and waits until it has.
    pub async fn stop(mut self) {
        if let Some(mut own) = self.own.take() {
            signal(own.child.id(), "TERM");
            tokio::time::timeout(LIMIT, own.child.wait())
                .await
                .expect("a stop within a minute")
                .expect("its end");
        }
    }

    /// Rows of a table through PostgREST, with the service's key: what is there, whoever may see it.
    pub async fn table(&self, person: &Person, query: &str) -> Value {
        let workspace = person.personal_workspace().await;
        let url = format!("{}/rest/v1/{query}&workspace_id=eq.{workspace}", self.up.url);
        let request = person.client.get(url).header("apikey", &self.up.secret_key);
        read(request.send().await.expect("an answer")).await.1
    }

    /// Writes a conversation's messages at once, as their author.
    pub async fn fill(&self, person: &Person, conversation: &str, rows: &[Value]) {
        let workspace = person.personal_workspace().await;
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| {
                let mut row = row.clone();
                row["workspace_id"] = workspace.clone().into();
                row["conversation_id"] = conversation.into();
                row
            })
            .collect();
        let url = format!("{}/rest/v1/messages", self.up.url);
        let request =
            person.client.post(url).header("apikey", &self.up.publishable_key).bearer_auth(&person.token);
        let (status, body) = read(request.json(&rows).send().await.expect("an answer")).await;
        assert_eq!(status, 201, "{body}");
    }

    /// The process id of a child of the house, by the name of its program.
    pub fn child(&self, program: &str) -> u32 {
        let processes = std::fs::read_dir("/proc").expect("/proc: this test needs Linux");
        let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let mut children = pids.filter(|pid| {
            let read =
                |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let parent = format!("PPid:\t{}\n", self.up.pid);
            let name = read("cmdline").split('\0').next().map(PathBuf::from).unwrap_or_default();
            read("status").contains(&parent) && name.file_name().is_some_and(|name| name == program)
        });
        children.next().unwrap_or_else(|| panic!("no {program} under process {}", self.up.pid))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // A failed test leaves by here: its house is stopped in order, so that no child stays behind.
        if let Some(own) = &mut self.own {
            signal(own.child.id(), "TERM");
            for _ in 0..400 {
                match own.child.try_wait() {
                    Ok(None) => std::thread::sleep(std::time::Duration::from_millis(25)),
                    _ => return,
                }
            }
        }
    }
}

/// What a killed house leaves behind.
pub struct Remains {
    pub home: PathBuf,
    port: String,
    folder: Option<tempfile::TempDir>,
}

impl Remains {
    /// Starts the house again, where it was.
    pub async fn revive(self) -> House {
        let mut house = House::at_port(&self.home, &self.port).await;
        if let Some(own) = &mut house.own {
            own.folder = self.folder;
        }
        house
    }
}

/// Sends a signal to a process that this test started.
pub fn signal(pid: Option<u32>, name: &str) {
    if let Some(pid) = pid {
        let _ = std::process::Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
    }
}

/// A program of the workspace, of the same build as this one.
pub fn program(name: &str) -> PathBuf {
    let own = env::current_exe().expect("this program's own path");
    let folder = own.parent().expect("its folder");
    // A test lies in `target/release/deps`, a program in `target/release`.
    let release = if folder.ends_with("deps") { folder.parent().expect("target/release") } else { folder };
    release.join(name)
}

/// Lets every user of the machine pass through a folder of ours.
pub fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .expect("to open a folder of ours");
}
