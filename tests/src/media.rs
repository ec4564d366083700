//! Real media, made on the spot by the tools that people make them with: a
//! photo as PNG and JPEG, a film with sound, a layered PSD, a text, a DOCX, a PDF.
//!
//! Every byte depends on the seed alone, so a second version is a new seed.

mod docx;
mod pdf;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes media in a folder.
pub struct Studio {
    folder: PathBuf,
    imagemagick: &'static str,
}

impl Studio {
    /// A studio in a folder that exists.
    ///
    /// # Panics
    /// When ImageMagick is not installed: `cargo xtask test` installs it.
    pub fn open(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), imagemagick: imagemagick() }
    }

    /// A PNG with the grain and gradients of a photo.
    pub fn photo_png(&self, name: &str, seed: u32) -> PathBuf {
        let path = self.folder.join(name);
        let size = ["-size", "1200x800", "plasma:tomato-steelblue"];
        let grain = ["-swirl", "40", "-attenuate", "0.4", "+noise", "Gaussian", "-depth", "8"];
        self.image(&[&["-seed", &seed.to_string()], &size[..], &grain[..]].concat(), &path);
        path
    }

    /// The same as a camera would write it.
    pub fn photo_jpeg(&self, name: &str, seed: u32) -> PathBuf {
        let path = self.folder.join(name);
        let raw = self.photo_png(&format!("{name}.raw.png"), seed);
        self.image(&[&raw.to_string_lossy(), "-quality", "88"], &path);
        fs::remove_file(&raw).expect("a file that was just made can be removed");
        path
    }

    /// A photo with an orange logo of 40 by 30 pixels at a place.
    pub fn photo_with_logo(&self, name: &str, seed: u32, (x, y): (u32, u32)) -> PathBuf {
        let raw = self.photo_png(&format!("{name}.raw.png"), seed);
        let path = self.folder.join(name);
        let logo = format!("rectangle {x},{y} {},{}", x + 39, y + 29);
        self.image(&[&raw.to_string_lossy(), "-fill", "orange", "-draw", &logo], &path);
        fs::remove_file(&raw).expect("a file that was just made can be removed");
        path
    }

    /// The same picture in another encoding.
    pub fn encoded_again(&self, from: &Path, name: &str, quality: u32) -> PathBuf {
        let path = self.folder.join(name);
        self.image(&[&from.to_string_lossy(), "-quality", &quality.to_string()], &path);
        path
    }

    /// A smooth picture of any size.
    pub fn gradient_png(&self, name: &str, width: u32, height: u32) -> PathBuf {
        let path = self.folder.join(name);
        self.image(&["-size", &format!("{width}x{height}"), "gradient:navy-gold", "-depth", "8"], &path);
        path
    }

    /// A PSD of two layers, of which the upper one has a name and a place.
    pub fn poster_psd(&self, name: &str, upper: &str, at: &str) -> PathBuf {
        let path = self.folder.join(name);
        let background = ["-size", "300x200", "gradient:navy-gold", "-depth", "8"];
        let below = ["(", "-clone", "0", "-set", "label", "Background", ")"];
        let above = ["(", "-size", "90x40", "xc:white", "-set", "label", upper, "-repage", at, ")"];
        self.image(&[&background[..], &below[..], &above[..]].concat(), &path);
        path
    }

    /// A PSD of three layers: `Background`, `Headline`, `Logo`.
    pub fn layered_psd(&self, name: &str, seed: u32) -> PathBuf {
        let path = self.folder.join(name);
        let seed = seed.to_string();
        let flat = ["-seed", &seed, "-size", "600x400", "plasma:navy-gold", "-depth", "8"];
        let background = ["(", "-clone", "0", "-set", "label", "Background", ")"];
        let headline =
            ["(", "-size", "400x80", "xc:white", "-set", "label", "Headline", "-repage", "+40+60", ")"];
        let logo = ["(", "-size", "90x90", "xc:orange", "-set", "label", "Logo", "-repage", "+480+280", ")"];
        self.image(&[&flat[..], &background[..], &headline[..], &logo[..]].concat(), &path);
        path
    }

    /// Six seconds at 29.97 frames with a tone, H.264 and AAC.
    pub fn film_mp4(&self, name: &str, seed: u32) -> PathBuf {
        let path = self.folder.join(name);
        let picture = format!("testsrc2=size=640x360:rate=30000/1001:duration=6,hue=h={}", seed % 360);
        let sound = format!("sine=frequency={}:duration=6", 220 + seed % 440);
        let sources = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
        let codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y"]).args(sources).args(codecs).args(["-movflags", "+faststart"]);
        must(ffmpeg.arg(&path));
        path
    }

    /// A film cut from shots, each of a colour pattern of its own and so many frames, at 25 frames a second.
    pub fn cut_mp4(&self, name: &str, shots: &[(u32, u32)]) -> PathBuf {
        let path = self.folder.join(name);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y"]);
        for (shot, frames) in shots {
            let picture = format!(
                "mandelbrot=size=320x180:rate=25:start_x={}:start_scale={},trim=end_frame={frames},hue=h={}",
                -0.7 + f64::from(*shot) * 0.01,
                3.0 / f64::from(shot + 1),
                shot * 97 % 360,
            );
            ffmpeg.args(["-f", "lavfi", "-i", &picture]);
        }
        let inputs: String = (0..shots.len()).map(|i| format!("[{i}:v]")).collect();
        let joined = format!("{inputs}concat=n={}:v=1[v]", shots.len());
        ffmpeg.args(["-filter_complex", &joined, "-map", "[v]", "-c:v", "libx264", "-preset", "veryfast"]);
        must(ffmpeg.args(["-pix_fmt", "yuv420p", "-r", "25"]).arg(&path));
        path
    }

    /// Three seconds of a tone, as a WAV.
    pub fn tone_wav(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        must(
            Command::new("ffmpeg")
                .args(["-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=3"])
                .arg(&path),
        );
        path
    }

    /// A page of copy, as a writer hands it in.
    pub fn copy_markdown(&self, name: &str, words: &str) -> PathBuf {
        let sections = ["Headline", "Body", "Legal line"].map(|section| format!("## {section}\n\n{words}\n"));
        self.write(name, format!("# Bright mornings\n\n{}", sections.join("\n")).as_bytes())
    }

    /// The same as a word processor writes it.
    pub fn copy_docx(&self, name: &str, paragraphs: &[&str]) -> PathBuf {
        self.write(name, &docx::docx(paragraphs))
    }

    /// A PDF with a line of text on each page.
    pub fn pages_pdf(&self, name: &str, pages: &[&str]) -> PathBuf {
        self.write(name, &pdf::pdf(pages))
    }

    /// Any bytes, under a name.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        path
    }

    fn image(&self, args: &[&str], to: &Path) {
        must(Command::new(self.imagemagick).args(args).arg(to));
        assert!(to.is_file(), "ImageMagick wrote no {}", to.display());
    }
}

/// The real ImageMagick under whichever name: others call themselves `convert` too.
fn imagemagick() -> &'static str {
    let is_real = |name: &&str| {
        let answer = Command::new(name).arg("-version").output();
        answer.is_ok_and(|a| a.stdout.starts_with(b"Version: ImageMagick"))
    };
    let names = ["convert-im6.q16", "magick", "convert"];
    names.into_iter().find(is_real).expect("ImageMagick is installed (`cargo xtask test` does it)")
}

fn must(command: &mut Command) {
    let program = command.get_program().to_owned();
    let args: Vec<_> = command.get_args().map(OsStr::to_owned).collect();
    let output = command.output().unwrap_or_else(|e| {
        panic!("{} cannot be started: {e} (`cargo xtask test` installs it)", program.display());
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {args:?}: {said}", program.display());
}
