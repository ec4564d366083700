//! The wizard: one question after another on a terminal, kept as a brief file.
//!
//! It runs in the process that owns the terminal, before the store is opened: the
//! brief file that it writes is then filed like any other, so whatever it asks can
//! also be written by hand.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, MultiSelect, Select};
use proofroom_review::intake::{FieldKind, IntakeField};
use proofroom_review::{Answer, Category, Day, Deliverable, IntakeForm, Milestone, RequestForm, RiskClass};

use crate::failure::Failure;
use crate::home::write_atomic;

/// Somebody who answers: a person at a terminal.
pub trait Ask {
    /// One line; an empty one where there is nothing to say.
    fn line(&mut self, prompt: &str, check: &dyn Fn(&str) -> Result<(), String>) -> Result<String, Failure>;
    /// One of several words.
    fn one(&mut self, prompt: &str, of: &[String]) -> Result<usize, Failure>;
    /// Some of several words.
    fn some(&mut self, prompt: &str, of: &[String]) -> Result<Vec<usize>, Failure>;
    /// Yes or no.
    fn yes(&mut self, prompt: &str, usual: bool) -> Result<bool, Failure>;
}

/// What `request new` says where nobody can answer.
pub fn no_terminal() -> Failure {
    Failure::usage("the wizard asks questions, and this is no terminal")
        .hint("write a brief file and file it: proofroom request new --from brief.toml; `--help` shows one")
}

/// The terminal of this process.
struct Terminal {
    theme: Box<dyn Theme>,
}

fn lost(error: dialoguer::Error) -> Failure {
    Failure::usage(format!("the wizard was interrupted: {error}")).hint("nothing was filed")
}

impl Ask for Terminal {
    fn line(&mut self, prompt: &str, check: &dyn Fn(&str) -> Result<(), String>) -> Result<String, Failure> {
        let input = Input::<String>::with_theme(&*self.theme).with_prompt(prompt).allow_empty(true);
        input.validate_with(|text: &String| check(text.trim())).interact_text().map_err(lost)
    }
    fn one(&mut self, prompt: &str, of: &[String]) -> Result<usize, Failure> {
        Select::with_theme(&*self.theme).with_prompt(prompt).items(of).default(0).interact().map_err(lost)
    }
    fn some(&mut self, prompt: &str, of: &[String]) -> Result<Vec<usize>, Failure> {
        let prompt = format!("{prompt} (space chooses, enter ends)");
        MultiSelect::with_theme(&*self.theme).with_prompt(prompt).items(of).interact().map_err(lost)
    }
    fn yes(&mut self, prompt: &str, usual: bool) -> Result<bool, Failure> {
        Confirm::with_theme(&*self.theme).with_prompt(prompt).default(usual).interact().map_err(lost)
    }
}

/// Asks for a whole request and writes its brief file beside the caller. `forms` finds a category's form.
///
/// # Errors
/// When this is no terminal, the answers end, or the file cannot be written.
pub fn run(cwd: &Path, forms: &dyn Fn(Category) -> Result<IntakeForm, Failure>) -> Result<PathBuf, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(no_terminal());
    }
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let theme: Box<dyn Theme> =
        if plain { Box::new(SimpleTheme) } else { Box::new(ColorfulTheme::default()) };
    let form = interview(&mut Terminal { theme }, forms)?;
    let path = free_name(cwd, &form.title);
    let text = form.to_toml().map_err(Failure::user)?;
    write_atomic(&path, text.as_bytes())?;
    Ok(path)
}

/// `brief-spring-campaign.toml`, or the next name that is free.
fn free_name(cwd: &Path, title: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let slug: String = title.chars().take(60).map(plain).collect();
    let slug = slug.trim_matches('-').to_owned();
    let name = |n: u32| if n == 1 { format!("brief-{slug}.toml") } else { format!("brief-{slug}-{n}.toml") };
    let free = (1..).map(|n| cwd.join(name(n))).find(|path| !path.exists());
    free.unwrap_or_else(|| cwd.join("brief.toml"))
}

fn anything(_: &str) -> Result<(), String> {
    Ok(())
}

fn something(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("this cannot be empty".into()) } else { Ok(()) }
}

fn a_day(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { text.parse::<Day>().map(drop).map_err(|e| e.to_string()) }
}

fn words<T: std::fmt::Display>(all: &[T]) -> Vec<String> {
    all.iter().map(T::to_string).collect()
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

fn option(text: String) -> Option<String> {
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

fn interview(
    ask: &mut dyn Ask,
    forms: &dyn Fn(Category) -> Result<IntakeForm, Failure>,
) -> Result<RequestForm, Failure> {
    let title = ask.line("What is the request called?", &something)?;
    let chosen = ask.some("What is wanted?", &words(Category::ALL))?;
    let mut categories: Vec<Category> =
        chosen.into_iter().filter_map(|i| Category::ALL.get(i).copied()).collect();
    categories.sort_unstable();
    let risk = ask.one("How much care does it need?", &words(RiskClass::ALL))?;
    let mut form = RequestForm {
        title: title.trim().to_owned(),
        categories,
        objective: ask.line("What is it to bring about?", &anything)?,
        audience: ask.line("Whom is it to reach?", &anything)?,
        message: ask.line("What is it to say?", &anything)?,
        mandatories: list(&ask.line("What must be in it? (several by commas)", &anything)?),
        deliverables: Vec::new(),
        approvers: list(&ask.line("Who approves it? (names, by commas)", &anything)?),
        risk_class: RiskClass::ALL.get(risk).copied().unwrap_or(RiskClass::Standard),
        start: ask.line("When may the work begin? (YYYY-MM-DD, or nothing)", &a_day)?.trim().parse().ok(),
        due: ask.line("When is all of it due? (YYYY-MM-DD)", &a_day)?.trim().parse().ok(),
        timeline: Vec::new(),
        answers: Default::default(),
    };
    deliverables(ask, &mut form)?;
    timeline(ask, &mut form)?;
    for category in form.categories.clone() {
        let asked = forms(category)?;
        for field in &asked.fields {
            if field.when.as_ref().is_some_and(|when| !when.holds(&form))
                || form.answers.contains_key(&field.key)
            {
                continue;
            }
            if let Some(answer) = answer(ask, field)? {
                form.answers.insert(field.key.clone(), answer);
            }
        }
    }
    Ok(form)
}

fn deliverables(ask: &mut dyn Ask, form: &mut RequestForm) -> Result<(), Failure> {
    loop {
        let nth = if form.deliverables.is_empty() { "A deliverable" } else { "Another deliverable" };
        let Some(name) = option(ask.line(&format!("{nth}: its name (nothing ends the list)"), &anything)?)
        else {
            return Ok(());
        };
        form.deliverables.push(Deliverable {
            channel: option(ask.line(&format!("{name}: where will it run? (channel)"), &anything)?),
            size: option(ask.line(&format!("{name}: how large? (pixels, millimetres, seconds)"), &anything)?),
            spec: option(ask.line(&format!("{name}: what must it be? (format, resolution)"), &anything)?),
            locale: option(ask.line(&format!("{name}: for which language and region?"), &anything)?),
            due: ask
                .line(&format!("{name}: due earlier than the rest? (YYYY-MM-DD, or nothing)"), &a_day)?
                .trim()
                .parse()
                .ok(),
            name,
        });
    }
}

fn timeline(ask: &mut dyn Ask, form: &mut RequestForm) -> Result<(), Failure> {
    loop {
        let Some(name) = option(ask.line("A milestone on the way (nothing ends the list)", &anything)?)
        else {
            return Ok(());
        };
        let due =
            ask.line(&format!("{name}: by when? (YYYY-MM-DD)"), &|t| something(t).and_then(|()| a_day(t)))?;
        let due = due.trim().parse().map_err(Failure::user)?;
        form.timeline.push(Milestone { name, due });
    }
}

fn answer(ask: &mut dyn Ask, field: &IntakeField) -> Result<Option<Answer>, Failure> {
    let must = if field.required { "" } else { ", or nothing" };
    let help = field.help.as_deref().map(|h| format!(": {h}")).unwrap_or_default();
    let prompt = format!("{}{help} ({}{must})", field.label, field.kind.wanted());
    Ok(match field.kind {
        FieldKind::YesNo => Some(Answer::YesNo(ask.yes(&format!("{}{help}", field.label), false)?)),
        FieldKind::Choice => {
            let chosen = ask.one(&format!("{}{help}", field.label), &field.of)?;
            field.of.get(chosen).cloned().map(Answer::Text)
        }
        FieldKind::Choices => {
            let chosen = ask.some(&format!("{}{help}", field.label), &field.of)?;
            let chosen: Vec<String> = chosen.into_iter().filter_map(|i| field.of.get(i).cloned()).collect();
            Some(Answer::List(chosen)).filter(|a| *a != Answer::List(Vec::new()))
        }
        _ => {
            let typed = ask.line(&prompt, &|text| field.read(text).map(drop))?;
            field.read(&typed).map_err(Failure::user)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Ask, free_name, interview};
    use crate::failure::Failure;
    use proofroom_review::intake::Verdict;
    use proofroom_review::{IntakeForm, RequestForm};

    /// Answers in the order of the questions; a word chooses itself.
    struct Script {
        answers: std::vec::IntoIter<&'static str>,
        asked: Vec<String>,
    }

    impl Script {
        fn next(&mut self, prompt: &str) -> &'static str {
            self.asked.push(prompt.to_owned());
            self.answers.next().unwrap_or_else(|| panic!("nobody expected `{prompt}`"))
        }
    }

    fn place(of: &[String], word: &str) -> usize {
        of.iter().position(|o| o == word).unwrap_or_else(|| panic!("`{word}` is none of {of:?}"))
    }

    impl Ask for Script {
        fn line(
            &mut self,
            prompt: &str,
            check: &dyn Fn(&str) -> Result<(), String>,
        ) -> Result<String, Failure> {
            loop {
                let text = self.next(prompt);
                if check(text).is_ok() {
                    return Ok(text.into());
                }
            }
        }
        fn one(&mut self, prompt: &str, of: &[String]) -> Result<usize, Failure> {
            let word = self.next(prompt);
            Ok(place(of, word))
        }
        fn some(&mut self, prompt: &str, of: &[String]) -> Result<Vec<usize>, Failure> {
            let words = self.next(prompt);
            Ok(words.split(',').filter(|w| !w.is_empty()).map(|w| place(of, w)).collect())
        }
        fn yes(&mut self, prompt: &str, _: bool) -> Result<bool, Failure> {
            Ok(self.next(prompt) == "yes")
        }
    }

    const ANSWERS: &[&str] = &[
        "",
        "Spring campaign",
        "written,visual",
        "regulated",
        "Sell the bike",
        "Commuters",
        "Faster than the tram",
        "Logo, Source",
        "Bo Ek",
        "2026-01-12",
        "soon",
        "2026-03-01",
        "Poster",
        "print",
        "A2",
        "PDF/X-4",
        "de-CH",
        "",
        "",
        "Layouts",
        "2026-02-01",
        "",
        "A2",
        "CMYK",
        "PSO Coated v3",
        "",
        "Faces cleared until 2028",
        "Plain",
        "",
        "yes",
        "Study 7, page 3",
        "Read the leaflet",
    ];

    #[test]
    fn the_wizard_asks_what_the_forms_ask_and_its_brief_is_complete() {
        let mut script = Script { answers: ANSWERS.to_vec().into_iter(), asked: Vec::new() };
        let form = interview(&mut script, &|c| Ok(IntakeForm::default_for(c))).expect("answered");
        assert_eq!(script.answers.next(), None, "not everything was asked: {:?}", script.asked);
        let forms = IntakeForm::for_request(&form, []);
        assert_eq!(form.verdict(&forms), Verdict { complete: true, missing: Vec::new() });
        let file = form.to_toml().expect("a brief file");
        assert_eq!(RequestForm::from_toml(&file), Ok(form), "{file}");
    }

    #[test]
    fn a_field_whose_condition_does_not_hold_is_not_asked() {
        let mut answers = ANSWERS.to_vec();
        // No claims: their sources are not asked for.
        let claims = answers.iter().position(|a| *a == "yes").expect("it is answered");
        answers[claims] = "no";
        answers.remove(claims + 1);
        let mut script = Script { answers: answers.into_iter(), asked: Vec::new() };
        interview(&mut script, &|c| Ok(IntakeForm::default_for(c))).expect("answered");
        assert!(!script.asked.iter().any(|q| q.contains("Sources of the claims")), "{:?}", script.asked);
    }

    #[test]
    fn a_brief_file_gets_a_name_that_is_free() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let first = free_name(dir.path(), "Spring: campaign!");
        assert!(first.ends_with("brief-spring--campaign.toml"), "{}", first.display());
        std::fs::write(&first, "").expect("written");
        assert!(free_name(dir.path(), "Spring: campaign!").ends_with("brief-spring--campaign-2.toml"));
    }
}
