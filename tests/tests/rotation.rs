//! Replacing the signing key, and pushing migrations, as docs/deploy says: the very commands of those pages, on a house's
//! database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use hearth_tests::{
    deploying::Settings,
    house::{House, open_to_all},
    person::Person,
};
use serde_json::{Value, json};

const LOCAL: &[&str] = &["--host", "local"];
const NEW_KEY: &str = "b3c1f0a9d2e4875630112233445566778899aabbccddeeff0a1b2c3d4e5f6071";
/// The newest migration that makes one function and nothing else.
const SMALL: &str = "20261124000100_touch";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A command that reaches the house's database by psql's environment, as its owner.
fn with_database(house: &House, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env("PGHOST", house.home().join("run/postgres"))
        .env("PGUSER", "postgres")
        .env("PGDATABASE", "postgres")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn psql(house: &House, sql: &str) -> Output {
    let mut command = with_database(house, "psql");
    let mut child = command.args(["-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn push(house: &House) -> (bool, String) {
    let output = with_database(house, root().join("scripts/push-migrations.sh")).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A statement of a page, as a person copies it, with the key in its place.
fn statement(page: &str, begins: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs/deploy").join(page)).unwrap();
    let from = text.find(begins).unwrap_or_else(|| panic!("{page} no longer says «{begins}»"));
    let sql = text[from..].split(";\"").next().unwrap();
    assert!(sql.contains("'%s'"), "{sql}");
    format!("{};", sql.replace("%s", NEW_KEY))
}

fn recorded(house: &House) -> bool {
    let version = SMALL.split('_').next().unwrap();
    let sql =
        format!("select count(*) from supabase_migrations.schema_migrations where version = '{version}';");
    String::from_utf8_lossy(&psql(house, &sql).stdout).trim() == "1"
}

fn forget(house: &House) {
    let version = SMALL.split('_').next().unwrap();
    psql(house, &format!("delete from supabase_migrations.schema_migrations where version = '{version}';"));
}

#[tokio::test]
async fn what_a_database_lacks_is_pushed_once_and_recorded() {
    let house = House::own().await;
    let (well, said) = push(&house);
    assert!(well && said.contains("0 pushed"), "{said}");

    psql(&house, "drop function public.touch();");
    forget(&house);
    let (well, said) = push(&house);
    assert!(well && said.contains(SMALL) && said.contains("1 pushed"), "{said}");
    assert!(recorded(&house));
    assert!(push(&house).1.contains("0 pushed"));
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    let house = House::own().await;
    // Its function is still there, so that making it again must fail.
    forget(&house);
    let (well, said) = push(&house);
    assert!(!well && said.contains(&format!("{SMALL} failed")), "{said}");
    assert!(!recorded(&house));
}

#[tokio::test]
async fn setting_and_replacing_the_signing_key_is_one_statement_each() {
    for (page, begins) in
        [("supabase.md", "insert into hearth.secrets"), ("rotation.md", "update hearth.secrets")]
    {
        let house = House::own().await;
        let old = Settings::of(&house);
        old.check(LOCAL).await.expect(0, &["the signing key is the database's"]);
        psql(&house, &statement(page, begins));
        old.check(LOCAL).await.expect(1, &["HEARTH_SIGNING_KEY is not the database's"]);
        let new = old.with("HEARTH_SIGNING_KEY", NEW_KEY);
        new.check(LOCAL).await.expect(0, &["the signing key is the database's"]);
    }
}

#[tokio::test]
async fn between_the_two_steps_an_answer_is_refused_and_nothing_is_stored_unsigned() {
    let house = House::own().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    psql(&house, &statement("rotation.md", "update hearth.secrets"));
    let body = json!({ "content": "Say hello.", "stream": false, "max_tokens": 8 });
    let (status, problem) = person.post(&format!("/v1/conversations/{conversation}/messages"), body).await;
    assert_eq!((status, problem["code"].as_str()), (403, Some("signature_invalid")), "{problem}");
}

#[tokio::test]
async fn a_new_signing_key_of_one_machine_counts_from_its_next_start_on() {
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    let house = House::at(folder.path()).await;
    let keys = house.home().join("secrets/keys.json");
    house.stop().await;

    let mut kept: Value = serde_json::from_slice(&std::fs::read(&keys).unwrap()).unwrap();
    let before = kept["signing_key"].as_str().unwrap().to_owned();
    kept["signing_key"] = NEW_KEY.into();
    std::fs::write(&keys, kept.to_string()).unwrap();

    let house = House::at(folder.path()).await;
    let person = Person::new(&house.up).await;
    let message = person.ask(&person.conversation().await, "Say hello.").await;
    assert_eq!(message["status"], "completed", "{message}");
    let settings = Settings::of(&house);
    settings.check(LOCAL).await.expect(0, &["the signing key is the database's"]);
    let old = settings.with("HEARTH_SIGNING_KEY", &before);
    old.check(LOCAL).await.expect(1, &["HEARTH_SIGNING_KEY is not the database's"]);
}
