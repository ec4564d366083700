//! The repository as data: its packages, who depends on whom, and its texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The repository's root: this package's parent.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package lies in the workspace").to_path_buf()
}

/// One text file: its path below the root, with `/`, and what it says.
pub struct Text {
    /// Such as `crates/entry/src/lib.rs`.
    pub path: String,
    /// Everything in it.
    pub text: String,
}

impl Text {
    /// Its lines, numbered from 1, without what follows `//`.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let without_comment = |line| match str::find(line, "//") {
            // `ws://` and `https://` are not comments.
            Some(at) if !line[..at].ends_with(':') => &line[..at],
            _ => line,
        };
        self.text.lines().enumerate().map(move |(i, line)| (i + 1, without_comment(line)))
    }
}

/// Every text below a folder whose name ends so, in order of path. Build output,
/// downloaded modules and hidden folders other than those named are not ours.
pub fn texts(folder: &str, endings: &[&str]) -> Vec<Text> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a listed entry can be read").path()) {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | ".git" | "dist") {
                folders.push(path);
            } else if endings.iter().any(|end| name.ends_with(end)) {
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let below = path.strip_prefix(&root).expect("it was found below the root");
                found.push(Text { path: below.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a word stands in a line on its own, not as a part of a longer name.
pub fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let open = word.starts_with(part_of_name) && line[..at].ends_with(part_of_name);
        let shut = word.ends_with(part_of_name) && line[at + word.len()..].starts_with(part_of_name);
        !open && !shut
    })
}

/// Who depends on whom, without what only tests use.
pub struct Dependencies {
    /// The workspace's packages, and the folder of each below the root.
    pub ours: BTreeMap<String, String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Dependencies {
    /// Asks cargo, for every target it can build for; what other targets need, and nobody has built here, it fetches.
    pub fn read() -> Self {
        let metadata = MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .other_options(["--locked".to_owned()])
            .exec()
            .expect("`cargo metadata` describes the workspace");
        let names: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
        let mut edges = BTreeMap::<String, BTreeSet<String>>::new();
        for node in &metadata.resolve.as_ref().expect("a resolved graph was asked for").nodes {
            let used = node
                .deps
                .iter()
                .filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development));
            edges.entry(names[&node.id].clone()).or_default().extend(used.map(|dep| names[&dep.pkg].clone()));
        }
        let root = metadata.workspace_root.as_std_path();
        let folder = |p: &cargo_metadata::Package| {
            let folder = p.manifest_path.parent().expect("a manifest lies in a folder").as_std_path();
            folder
                .strip_prefix(root)
                .expect("a member lies below the root")
                .to_string_lossy()
                .replace('\\', "/")
        };
        let ours =
            metadata.workspace_packages().into_iter().map(|p| (p.name.to_string(), folder(p))).collect();
        Self { ours, edges }
    }

    /// What a package names in its manifest.
    pub fn direct(&self, package: &str) -> BTreeSet<String> {
        self.edges.get(package).cloned().unwrap_or_default()
    }

    /// All that a package is built with, each with the way that leads there.
    pub fn reached(&self, package: &str) -> BTreeMap<String, String> {
        let mut reached = BTreeMap::new();
        let mut open = vec![(package.to_owned(), package.to_owned())];
        while let Some((name, way)) = open.pop() {
            for next in self.edges.get(&name).into_iter().flatten() {
                if !reached.contains_key(next) {
                    let way = format!("{way} -> {next}");
                    reached.insert(next.clone(), way.clone());
                    open.push((next.clone(), way));
                }
            }
        }
        reached
    }
}
