//! Asks that read screens and write acts.

use proofroom_ident::{AssetId, Audience, Millis, WorkspaceId};
use proofroom_replica::{DecisionChoice, Receipt, ReplicaError, Step};
use proofroom_review::statement::Condition;
use proofroom_review::{CommentKey, CommentLabel, CommentState, Decision, ReviewEdit};
use proofroom_store::Store;
use proofroom_web_wire::{Ask, Draft, Notice, Reply, TilesCard};

use crate::desk::{Desk, parse};
use crate::fault::DeskError;
use crate::files::Recipe;
use crate::place::anchor_of;

impl<S: Store> Desk<S> {
    pub(crate) fn answer(&mut self, now: Millis, ask: Ask) -> Result<Reply, DeskError> {
        match ask {
            Ask::Start => Ok(Reply::Start(self.start()?)),
            Ask::SetUp { name, organisation, passphrase } => {
                self.set_up(now, &name, &organisation, &passphrase)?;
                Ok(Reply::Start(self.start()?))
            }
            Ask::Unlock { passphrase } => {
                self.unlock(now, &passphrase)?;
                Ok(Reply::Start(self.start()?))
            }
            Ask::Join { link } => Ok(Reply::Joining { workspace: self.join(now, &link)?.to_hex() }),
            Ask::Board { workspace } => Ok(Reply::Board(Box::new(self.board(here(&workspace)?, now)?))),
            Ask::Asset { workspace, asset } => {
                let screen = self.asset(here(&workspace)?, parse(&asset, "an asset")?, now)?;
                Ok(Reply::Asset(Box::new(screen)))
            }
            Ask::Opened { workspace, asset } => {
                self.opened_by_me(now, here(&workspace)?, parse(&asset, "an asset")?)?;
                Ok(Reply::Done)
            }
            // Bytes travel beside the reply: the browser opens the file by its recipe.
            Ask::Piece { workspace, asset, content, .. } => {
                let Recipe { media_type, total, .. } = self.recipe(&workspace, &asset, &content)?;
                Ok(Reply::Piece { media_type, total })
            }
            // Likewise: it is read from the file.
            Ask::Film { .. } => Ok(Reply::Film(None)),
            Ask::Tiles { .. } => Ok(Reply::Tiles(TilesCard::default())),
            Ask::Pairs { workspace, asset, before, after } => {
                let versions = (parse(&before, "a version")?, parse(&after, "a version")?);
                self.pairs(here(&workspace)?, parse(&asset, "an asset")?, versions)
            }
            Ask::Comment { workspace, asset, draft } => {
                let (workspace, asset) = (here(&workspace)?, parse(&asset, "an asset")?);
                let audience = audience(draft.team);
                let edit = new_comment(&draft)?;
                self.write(now, workspace, asset, audience, edit)
            }
            Ask::CommentState { workspace, asset, comment, team, state } => {
                let comment: CommentKey = parse(&comment, "a comment")?;
                let state: CommentState = parse(&state, "a comment's state")?;
                let edit = ReviewEdit::SetCommentState { comment, state };
                self.write(now, here(&workspace)?, parse(&asset, "an asset")?, audience(team), edit)
            }
            Ask::CommentLabel { workspace, asset, comment, team, label } => {
                let comment: CommentKey = parse(&comment, "a comment")?;
                let label: CommentLabel = parse(&label, "a comment's label")?;
                let edit = ReviewEdit::SetCommentLabel { comment, label };
                self.write(now, here(&workspace)?, parse(&asset, "an asset")?, audience(team), edit)
            }
            ask @ (Ask::Decide { .. } | Ask::Statement { .. }) => self.sign(now, ask),
            Ask::Plan { workspace, act } => self.plan_act(now, here(&workspace)?, act),
            Ask::People { workspace, act } => self.people_act(now, here(&workspace)?, act),
            Ask::Upload { workspace, act } => self.upload_act(now, here(&workspace)?, act),
            Ask::Trail { workspace, asset } => {
                let trail = self.trail(now, here(&workspace)?, parse(&asset, "an asset")?)?;
                Ok(Reply::Trail(Box::new(trail)))
            }
            Ask::Own(act) => self.own_act(now, act),
            Ask::Reconnect { workspace } => {
                self.connect(here(&workspace)?);
                Ok(Reply::Done)
            }
        }
    }

    fn write(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: AssetId,
        audience: Audience,
        edit: ReviewEdit,
    ) -> Result<Reply, DeskError> {
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
        let receipt = replica.edit_review(&mut step, asset, audience, &[edit])?;
        Ok(self.kept(now, workspace, asset, &receipt))
    }

    /// Decisions, and what they would sign.
    fn sign(&mut self, now: Millis, ask: Ask) -> Result<Reply, DeskError> {
        match ask {
            Ask::Decide { workspace, asset, version, decision, reason, conditions, answers, passphrase } => {
                let decision: Decision = parse(&decision, "a decision")?;
                let condition = |text: String| Condition { text, comment: None };
                let choice = DecisionChoice {
                    reason: Some(reason).filter(|r| !r.trim().is_empty()),
                    conditions: conditions.into_iter().map(condition).collect(),
                    version: Some(parse(&version, "a version")?),
                    answers,
                    ..DecisionChoice::of(decision)
                };
                self.decide(now, here(&workspace)?, parse(&asset, "an asset")?, choice, &passphrase)
            }
            Ask::Statement { workspace, asset, version, decision } => {
                let choice = DecisionChoice {
                    version: Some(parse(&version, "a version")?),
                    ..DecisionChoice::of(parse(&decision, "a decision")?)
                };
                let asset = parse(&asset, "an asset")?;
                Ok(Reply::Statement(self.statement(now, here(&workspace)?, asset, choice)?))
            }
            _ => Err(DeskError::malformed("this", "a decision")),
        }
    }

    pub(crate) fn kept(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: AssetId,
        receipt: &Receipt,
    ) -> Reply {
        self.push(now, workspace);
        self.tell(Notice::Changed { workspace: workspace.to_hex(), assets: vec![asset.to_hex()] });
        Reply::Kept { entry: receipt.entry.to_hex() }
    }
}

fn here(workspace: &str) -> Result<WorkspaceId, DeskError> {
    parse(workspace, "a workspace")
}

fn audience(team: bool) -> Audience {
    if team { Audience::Team } else { Audience::Everyone }
}

fn new_comment(draft: &Draft) -> Result<ReviewEdit, DeskError> {
    Ok(ReviewEdit::AddComment {
        id: parse(&draft.id, "a comment's id")?,
        body: draft.body.clone(),
        anchor: Box::new(anchor_of(parse(&draft.version, "a version")?, &draft.place)?),
        label: parse::<CommentLabel>(&draft.label, "a comment's label")?,
        parent: draft.parent.as_deref().map(|key| parse(key, "a comment")).transpose()?,
    })
}
