use super::*;

fn settings() -> Settings {
    Settings {
        parallel: 1,
        queue: 0,
        context: None,
        threads: 1,
        cells: None,
        cache: CacheType::F16,
        mmap: true,
        guessed: 0,
        save_to: None,
        gpu_layers: 0,
    }
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    options: ModelOptions,
}

fn checked(arguments: &[&str]) -> (Models, Vec<String>) {
    let line: Line = clap::Parser::try_parse_from(["hearth-edge"].iter().chain(arguments)).unwrap();
    let mut mistakes = Vec::new();
    let models = line.options.check(settings(), &mut mistakes);
    (models, mistakes)
}

fn ids(models: &Models) -> Vec<String> {
    models.catalogue.all().into_iter().map(|known| known.id).collect()
}

/// A folder with two models and a file that tells of them.
fn folder(text: &str) -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["tiny.Q4_1.gguf", "embedder.gguf", "style.lora"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let file = folder.path().join("edge.toml");
    std::fs::write(&file, text).unwrap();
    let paths = [folder.path(), &file].map(|path| path.to_str().unwrap().to_owned());
    let [path, file] = paths;
    (folder, path, file)
}

#[test]
fn a_folder_is_enough_and_its_models_are_not_pinned() {
    let (_folder, path, _) = folder("");
    let (models, mistakes) = checked(&["--models", &path]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(ids(&models), ["embedder", "tiny"]);
    assert!(models.catalogue.all().iter().all(|known| !known.pinned && known.idle.is_some()));
}

#[test]
fn a_name_of_the_folder_will_do_and_is_pinned() {
    let (_folder, path, _) = folder("");
    let (models, mistakes) = checked(&["--models", &path, "--model", "tiny"]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(ids(&models), ["tiny", "embedder"], "the named come first");
    assert!(models.catalogue.named[0].pinned);
}

#[test]
fn the_file_says_more_of_each() {
    let (_folder, _, file) = folder(
        r#"
        folder = "."
        memory = "2GB"
        idle = 60
        [aliases]
        code = "tiny"
        [models.tiny]
        pin = true
        context = 4096
        cache-type = "q8_0"
        [models.tiny.adapters]
        pirate = "style.lora"
        butler = { path = "style.lora", scale = 0.5 }
        "#,
    );
    let (models, mistakes) = checked(&["--config", &file]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(models.limit, 2_000_000_000);
    let catalogue = &models.catalogue;
    let tiny = catalogue.find("tiny").unwrap();
    assert_eq!(
        (tiny.pinned, tiny.settings.context, tiny.settings.cache),
        (true, Some(4096), CacheType::Q8_0)
    );
    assert_eq!(catalogue.aliases_of("tiny"), ["code"]);
    let butler = catalogue.find("butler").unwrap();
    assert_eq!((butler.path, butler.pinned, butler.settings.context), (tiny.path, false, Some(4096)));
    let (adapter, parent) = butler.adapter.unwrap();
    assert_eq!((adapter.scale, parent.as_str()), (0.5, "tiny"));
    assert_eq!(catalogue.find("embedder").unwrap().idle, Some(Duration::from_secs(60)));
}

#[test]
fn names_that_mean_nothing_or_two_things_are_told() {
    let (_folder, path, file) = folder("[models.x]\npth = \"a\"");
    for (arguments, sentence) in [
        (&["--config", file.as_str()][..], "unknown field `pth`"),
        (&["--config", "/no/such.toml"], "cannot be read"),
        (&["--models", "/no/such"], "no such folder"),
        (&[], "--model PATH"),
        (&["--model", "a.gguf", "--alias", "code=b"], "no such model"),
        (&["--models", &path, "--alias", "code=quick", "--alias", "quick=tiny"], "is an alias too"),
        (&["--models", &path, "--alias", "code=default"], "is an alias too"),
        (&["--models", &path, "--model", "tiny", "--alias", "tiny=embedder"], "hides the model"),
        (&["--model", "a.gguf", "--model", "b/a.gguf"], "two models are called a"),
        (&["--model", "default.gguf"], "give default.gguf another name"),
        (&["--model", "a.gguf", "--lora", "x"], "NAME=FILE"),
        (&["--model", "a.gguf", "--lora", "x=/no/such"], "there is no file"),
        (&["--models", &path, "--alias", "x"], "there is none"),
    ] {
        let (_, mistakes) = checked(arguments);
        assert!(mistakes.iter().any(|mistake| mistake.contains(sentence)), "{sentence}: {mistakes:?}");
    }
}
