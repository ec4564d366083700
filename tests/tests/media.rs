//! The media that the other tests stand on are what they claim to be.

use std::path::Path;
use std::process::Command;

use proofroom_tests::media::Studio;

fn says(program: &str, args: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(args).arg(file).output().expect("the program is installed");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_film_has_six_seconds_of_picture_and_sound() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let film = Studio::open(folder.path()).film_mp4("film.mp4", 7);
    let entries = "stream=codec_name,r_frame_rate,nb_frames";
    let probe = says("ffprobe", &["-v", "error", "-show_entries", entries, "-of", "csv=p=0"], &film);
    assert!(probe.contains("h264,30000/1001,180"), "{probe}");
    assert!(probe.contains("aac,"), "{probe}");
}

#[test]
fn images_open_as_what_their_names_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let studio = Studio::open(folder.path());
    let cases = [
        (studio.photo_png("a.png", 1), &b"\x89PNG\r\n"[..], 500_000),
        (studio.photo_jpeg("b.jpg", 2), &b"\xff\xd8\xff"[..], 50_000),
        (studio.layered_psd("c.psd", 3), &b"8BPS\x00\x01"[..], 200_000),
    ];
    for (path, magic, at_least) in cases {
        let bytes = std::fs::read(&path).expect("the image was made");
        assert!(bytes.starts_with(magic), "{}", path.display());
        assert!(bytes.len() > at_least, "{} has {} bytes", path.display(), bytes.len());
    }
    let psd = std::fs::read(folder.path().join("c.psd")).expect("the PSD was made");
    for layer in [&b"Background"[..], b"Headline", b"Logo"] {
        assert!(psd.windows(layer.len()).any(|w| w == layer), "a layer is named");
    }
}

#[test]
fn documents_hold_their_words() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let studio = Studio::open(folder.path());
    let docx = studio.copy_docx("copy.docx", &["Bright mornings & more"]);
    assert!(says("unzip", &["-t"], &docx).contains("No errors"));
    let pdf = studio.pages_pdf("pages.pdf", &["one", "two", "three"]);
    let text = std::fs::read_to_string(&pdf).expect("the PDF is plain text");
    assert!(text.starts_with("%PDF-1.4") && text.contains("/Count 3"));
    let markdown = studio.copy_markdown("copy.md", "Wake up to light.");
    assert!(std::fs::read_to_string(markdown).expect("it was written").contains("## Legal line"));
}
