//! Builds the review app into `web/dist`.
//!
//! ```text
//! cargo build (wasm32, profile web) --> wasm-bindgen --> wasm-opt, where it is --> hashed names --> brotli --> web/dist
//! ```
//!
//! Names of files carry the hash of their bytes, so a browser may keep them for
//! ever; only `index.html`, the service worker and the manifest are asked for again.

mod verifier;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use wasm_bindgen_cli_support::Bindgen;

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Digits of a hash in a file's name.
const HASH_DIGITS: usize = 12;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("web: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Done {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    compile(&root)?;
    let stamp = stamp(&root, &target)?;
    let dist = root.join("web/dist");
    if fs::read_to_string(dist.join(STAMP)).is_ok_and(|held| held == stamp) {
        println!("web/dist is up to date");
        return Ok(());
    }
    // Not `web`: that is where cargo keeps what it builds for this machine by the profile of that name.
    let stage = target.join("web-stage");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(&stage)?;
    let mut files = Files::new(&dist)?;
    let engine = bind(&target, &stage, "engine")?;
    let app = bind(&target, &stage, "app")?;
    let lens = bind(&target, &stage, "lens")?;
    let style = files.hashed("style.css", &styles(&root.join("web/static"))?)?;
    let pages = pages(&root, &mut files)?;
    let engine = files.module("engine", &engine)?;
    let worker = files.hashed("worker.js", starter(&engine, "start").as_bytes())?;
    let lens = files.module("lens", &lens)?;
    files.later.extend([lens.js.clone(), lens.wasm.clone()]);
    let text = fs::read_to_string(root.join("web/static/lens.js"))?;
    let lens =
        files.later("lens.mjs", fill(&text, &[("LENS", &lens.js), ("WASM", &lens.wasm)]).as_bytes())?;
    let app = files.module("app", &app)?;
    let boot = fs::read_to_string(root.join("web/static/boot.js"))?;
    let boot = fill(&format!("{boot}{}", starter(&app, "main")), &[("PAGES", &pages)]);
    let boot = files.hashed("boot.js", boot.as_bytes())?;
    let icon = files.hashed("icon.svg", &fs::read(root.join("web/static/icon.svg"))?)?;
    let names =
        [("STYLE", &style), ("BOOT", &boot), ("ICON", &icon), ("WORKER", &worker), ("LENSWORKER", &lens)];
    for name in ["index.html", "manifest.webmanifest"] {
        let text = fill(&fs::read_to_string(root.join("web/static").join(name))?, &names);
        files.write(name, text.as_bytes())?;
    }
    let worker = fs::read_to_string(root.join("web/static/sw.js"))?;
    let media = fs::read_to_string(root.join("web/static/media.js"))?;
    let list = |later: bool| {
        let names = files.sizes.keys().filter(|n| *n != "sw.js" && files.later.contains(*n) == later);
        format!("{:?}", names.collect::<Vec<_>>())
    };
    let (first, later) = (list(false), list(true));
    let version = files.version();
    files.write(
        "sw.js",
        fill(&worker, &[("FILES", &first), ("LATER", &later), ("VERSION", &version), ("MEDIA", &media)])
            .as_bytes(),
    )?;
    // For strangers, who ask for it by its address: no part of the app, and not kept with it.
    files.write("verify.html", verifier::page(&root, &target, &stage)?.as_bytes())?;
    files.later.insert("verify.html".to_owned());
    files.report();
    Ok(fs::write(dist.join(STAMP), stamp)?)
}

/// All style sheets, in the order of their names, as one.
fn styles(folder: &Path) -> Done<Vec<u8>> {
    let mut sheets = fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<Done<Vec<_>>>()?;
    sheets.retain(|path| path.extension().is_some_and(|ending| ending == "css"));
    sheets.sort_unstable();
    let read = |path: PathBuf| Ok(fs::read(path)?);
    Ok(sheets.into_iter().map(read).collect::<Done<Vec<_>>>()?.concat())
}

/// The modules that draw PDF pages, and what they load in turn; the name of the first one. Where the
/// renderer is not there, a module that says so.
fn pages(root: &Path, files: &mut Files) -> Done<String> {
    let Some(folder) = std::env::var_os("PROOFROOM_PDFJS").map(PathBuf::from).filter(|f| f.is_dir()) else {
        let absent = "export function open() { throw new Error('this app was built without the renderer of pages'); }\n";
        return files.later("pages.mjs", absent.as_bytes());
    };
    let pdf = files.later("pdf.mjs", &fs::read(folder.join("build/pdf.min.mjs"))?)?;
    let worker = files.later("pdfworker.mjs", &fs::read(folder.join("build/pdf.worker.min.mjs"))?)?;
    // The worker asks for these by their own names.
    for name in ["openjpeg.wasm", "jbig2.wasm", "qcms_bg.wasm"] {
        files.write(name, &fs::read(folder.join("wasm").join(name))?)?;
        files.later.insert(name.to_owned());
    }
    let text = fs::read_to_string(root.join("web/static/pages.js"))?;
    files.later("pages.mjs", fill(&text, &[("PDF", &pdf), ("PDFWORKER", &worker)]).as_bytes())
}

/// Where `dist` says what it was made from.
const STAMP: &str = ".stamp";

/// A hash of everything that the files are made from.
fn stamp(root: &Path, target: &Path) -> Done<String> {
    let modules = ["engine", "app", "lens", "verify"].map(|name| compiled(target, name));
    let style = root.join("crates/paper/src/paper.css");
    let mut from = modules.into_iter().chain([std::env::current_exe()?, style]).collect::<Vec<_>>();
    let mut names =
        fs::read_dir(root.join("web/static"))?.map(|e| Ok(e?.path())).collect::<Done<Vec<_>>>()?;
    names.sort_unstable();
    from.append(&mut names);
    from.extend(
        std::env::var_os("PROOFROOM_PDFJS")
            .map(|f| PathBuf::from(f).join("package.json"))
            .filter(|f| f.is_file()),
    );
    let mut hasher = blake3::Hasher::new();
    for path in from {
        hasher.update(path.as_os_str().as_encoded_bytes()).update(blake3::hash(&fs::read(&path)?).as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// A compiled module.
fn compiled(target: &Path, name: &str) -> PathBuf {
    let folder = if profile() == "dev" { "debug".into() } else { profile() };
    target.join(format!("wasm32-unknown-unknown/{folder}/proofroom_web_{name}.wasm"))
}

/// Compiles the modules; cargo says what goes wrong.
fn compile(root: &Path) -> Done {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["build", "--target", "wasm32-unknown-unknown", "--profile", &profile()]);
    for name in ["engine", "app", "lens", "verify"] {
        cargo.args(["-p", &format!("proofroom-web-{name}")]);
    }
    match cargo.status()?.success() {
        true => Ok(()),
        false => {
            Err("the app does not compile; `rustup target add wasm32-unknown-unknown` may be missing".into())
        }
    }
}

/// The cargo profile: `web`, or what `PROOFROOM_WEB_PROFILE` says while somebody works on the app.
fn profile() -> String {
    std::env::var("PROOFROOM_WEB_PROFILE").unwrap_or_else(|_| "web".into())
}

/// JavaScript bindings and the module, both in memory.
struct Bound {
    js: String,
    wasm: Vec<u8>,
}

fn bind(target: &Path, stage: &Path, name: &str) -> Done<Bound> {
    let wasm = compiled(target, name);
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&wasm).out_name(name).typescript(false).web(true)?;
    bindgen.generate(stage)?;
    let module = stage.join(format!("{name}_bg.wasm"));
    optimise(&module)?;
    Ok(Bound { js: fs::read_to_string(stage.join(format!("{name}.js")))?, wasm: fs::read(module)? })
}

/// Smaller where the tool is there; the app works the same without.
fn optimise(module: &Path) -> Done {
    let Some(tool) = std::env::var_os("PROOFROOM_WASM_OPT").filter(|tool| !tool.is_empty()) else {
        return Ok(());
    };
    let done = Command::new(&tool)
        .args(["-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int"])
        .args([
            "--enable-sign-ext",
            "--enable-mutable-globals",
            "--enable-reference-types",
            "--enable-multivalue",
        ])
        .arg(module)
        .arg("-o")
        .arg(module)
        .status()?;
    match done.success() {
        true => Ok(()),
        false => Err(format!("{} failed on {}", Path::new(&tool).display(), module.display()).into()),
    }
}

/// A module's two files, by their names in `dist`.
struct Names {
    js: String,
    wasm: String,
}

/// A script that loads a module and calls one of its functions.
fn starter(module: &Names, call: &str) -> String {
    let (js, wasm) = (&module.js, &module.wasm);
    format!(
        "import init, {{ {call} }} from './{js}';\n\
         await init({{ module_or_path: new URL('./{wasm}', import.meta.url) }});\n{call}();\n"
    )
}

fn fill(text: &str, names: &[(&str, &String)]) -> String {
    names.iter().fold(text.to_owned(), |text, (key, name)| text.replace(&format!("{{{{{key}}}}}"), name))
}

/// What is written to `dist`: sizes as they are and compressed.
struct Files {
    dist: PathBuf,
    sizes: BTreeMap<String, (usize, usize)>,
    /// Those that are loaded when they are first needed.
    later: BTreeSet<String>,
    hasher: blake3::Hasher,
}

impl Files {
    fn new(dist: &Path) -> Done<Self> {
        if dist.exists() {
            fs::remove_dir_all(dist)?;
        }
        fs::create_dir_all(dist)?;
        Ok(Self {
            dist: dist.to_owned(),
            sizes: BTreeMap::new(),
            later: BTreeSet::new(),
            hasher: blake3::Hasher::new(),
        })
    }

    /// Writes a file under a name that carries its hash; returns the name.
    fn hashed(&mut self, name: &str, bytes: &[u8]) -> Done<String> {
        let (stem, ending) = name.rsplit_once('.').ok_or("a file's name has an ending")?;
        let hash = blake3::hash(bytes).to_hex();
        let name = format!("{stem}.{}.{ending}", &hash[..HASH_DIGITS]);
        self.write(&name, bytes)?;
        Ok(name)
    }

    /// As [`Files::hashed`], for what the first visit does without.
    fn later(&mut self, name: &str, bytes: &[u8]) -> Done<String> {
        let name = self.hashed(name, bytes)?;
        self.later.insert(name.clone());
        Ok(name)
    }

    fn module(&mut self, name: &str, bound: &Bound) -> Done<Names> {
        let wasm = self.hashed(&format!("{name}.wasm"), &bound.wasm)?;
        let js = bound.js.replace(&format!("{name}_bg.wasm"), &wasm);
        Ok(Names { js: self.hashed(&format!("{name}.js"), js.as_bytes())?, wasm })
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Done {
        let mut packed = Vec::new();
        let options = brotli::enc::BrotliEncoderParams {
            quality: if profile() == "dev" { 1 } else { 11 },
            lgwin: 22,
            ..Default::default()
        };
        brotli::BrotliCompress(&mut &*bytes, &mut packed, &options)?;
        fs::write(self.dist.join(name), bytes)?;
        fs::write(self.dist.join(format!("{name}.br")), &packed)?;
        self.hasher.update(name.as_bytes()).update(bytes);
        self.sizes.insert(name.to_owned(), (bytes.len(), packed.len()));
        Ok(())
    }

    fn version(&self) -> String {
        self.hasher.finalize().to_hex()[..HASH_DIGITS].to_owned()
    }

    fn report(&self) {
        for (name, (bytes, packed)) in &self.sizes {
            println!("{bytes:>10} {packed:>9}  {name}");
        }
        for (later, what) in [(false, "the first visit"), (true, "when first needed")] {
            let sizes = || self.sizes.iter().filter(|(name, _)| self.later.contains(*name) == later);
            let (bytes, packed) = sizes().fold((0, 0), |sum, (_, size)| (sum.0 + size.0, sum.1 + size.1));
            println!("{bytes:>10} {packed:>9}  {what}: bytes, and compressed");
        }
    }
}
