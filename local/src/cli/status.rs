//! `status`: what is running in this home.

use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::arguments::Status;
use super::running::Running;
use super::terminal::{Style, Terminal};
use crate::home::Home;

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Report {
    running: bool,
    home: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

#[derive(Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    model: Option<String>,
}

/// 0 when it runs, 3 when it does not, as service managers have it.
pub async fn run(home: &Home, options: Status, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let report = look(home).await?;
    if options.json {
        terminal.line(&serde_json::to_string(&report)?)?;
    } else {
        show(&report, terminal)?;
    }
    Ok(if report.running { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

async fn look(home: &Home) -> anyhow::Result<Report> {
    let mut report = Report { home: home.root().display().to_string(), ..Report::default() };
    let Some(running) = Running::find(home).await? else { return Ok(report) };
    report.running = true;
    let away = || Health { status: "no answer".into(), model: None };
    report.health = Some(health(running.url.join("/v1/health")?).await.unwrap_or_else(away).status);
    let edge = health(running.edge_url.join("/health")?).await.unwrap_or_else(away);
    report.model = Some(edge.model.filter(|_| edge.status == "ok").unwrap_or(edge.status));
    report.url = Some(running.url.into());
    report.edge_url = Some(running.edge_url.into());
    Ok(report)
}

async fn health(address: Url) -> Option<Health> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().ok()?;
    client.get(address).send().await.ok()?.json().await.ok()
}

fn show(report: &Report, terminal: Terminal) -> std::io::Result<()> {
    let (Some(url), Some(edge_url)) = (&report.url, &report.edge_url) else {
        terminal.line("Hearth is not running. Start it: ./hearth up")?;
        return terminal.line(&format!("Home     {}", report.home));
    };
    let health = report.health.as_deref().unwrap_or_default();
    let style = if health == "ok" { Style::Good } else { Style::Bad };
    terminal.line(&format!("Hearth   {}  {url}", terminal.styled(style, health)))?;
    terminal.line(&format!("Model    {}  {edge_url}", report.model.as_deref().unwrap_or_default()))?;
    terminal.line(&format!("Home     {}", report.home))?;
    if health != "ok" {
        terminal.line("What is wrong: ./hearth doctor, ./hearth logs")?;
    }
    Ok(())
}
