//! Cloudflare: the Worker that scripts/worker-build.sh built, in workerd: by `wrangler dev` with the repository's own
//! wrangler.toml, or with nothing between, to see what it takes.

use std::path::Path;

use tokio::process::{Child, Command};

use super::{clean, free_port, named, spawn};

pub fn start(settings: &[(&'static str, String)], folder: &Path) -> (String, Child) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let text = std::fs::read_to_string(root.join("wrangler.toml")).expect("wrangler.toml");
    std::fs::write(folder.join("wrangler.toml"), built(&text, root)).expect("to write wrangler.toml");
    // As `wrangler secret` would have them.
    let secrets: Vec<String> = settings.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    std::fs::write(folder.join(".dev.vars"), secrets.join("\n")).expect("to write .dev.vars");

    let (port, inspector) = (free_port(), free_port());
    let mut command = Command::new(named("HEARTH_NODE"));
    clean(&mut command, &[])
        .arg(named("HEARTH_HOST_PACKAGES").join("wrangler/bin/wrangler.js"))
        .args([
            "dev",
            "--local",
            "--test-scheduled",
            "--show-interactive-dev-session=false",
            "--ip",
            "127.0.0.1",
        ])
        .args(["--port", &port.to_string(), "--inspector-port", &inspector.to_string()])
        .envs([("CI", "1"), ("WRANGLER_SEND_METRICS", "false"), ("NO_COLOR", "1")])
        .current_dir(folder);
    (format!("http://127.0.0.1:{port}"), spawn(&mut command, folder))
}

/// The configuration with what is built already in place of the build.
fn built(text: &str, root: &Path) -> String {
    let text = text
        .replace("functions/cloudflare/build", &root.join("functions/cloudflare/build").to_string_lossy());
    let mut lines = Vec::new();
    let mut within_build = false;
    for line in text.lines() {
        if line.starts_with('[') {
            within_build = line == "[build]";
        }
        if !within_build {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// The Worker in a workerd of its own: `wrangler dev` has two more Workers around it.
pub fn start_bare(settings: &[(&'static str, String)], folder: &Path) -> (String, Child) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    for file in ["index.js", "index_bg.wasm"] {
        let built = root.join("functions/cloudflare/build").join(file);
        std::fs::copy(built, folder.join(file)).expect("the Worker, built");
    }
    let port = free_port();
    let bindings: Vec<String> =
        settings.iter().map(|(name, value)| format!("(name = \"{name}\", text = \"{value}\"),")).collect();
    let bindings = bindings.join("\n");
    let configuration = format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [
        (name = "index.js", esModule = embed "index.js"),
        (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
      ],
      compatibilityDate = "2026-11-01",
      bindings = [
{bindings}
      ],
    )),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);
"#
    );
    std::fs::write(folder.join("config.capnp"), configuration).expect("to write the configuration");
    let kind = if cfg!(target_arch = "x86_64") { "linux-64" } else { "linux-arm64" };
    let workerd = named("HEARTH_HOST_PACKAGES").join(format!("@cloudflare/workerd-{kind}/bin/workerd"));
    let mut command = Command::new(workerd);
    clean(&mut command, &[]).args(["serve", "config.capnp"]).current_dir(folder);
    (format!("http://127.0.0.1:{port}"), spawn(&mut command, folder))
}
