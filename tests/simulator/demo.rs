//! The world that the tour shows and most tests start from.

use super::world::{Role, Trust, User, World};

/// The key of [`World::demo`]'s user: AWS's example with a digit changed, so that no scanner takes it for a real one.
pub const DEMO_KEY_ID: &str = "AKIAIOSFODNN7EXAMPL2";
pub const DEMO_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE2";
/// The MFA device of [`World::demo`]'s user.
pub const DEMO_MFA: &str = "arn:aws:iam::111122223333:mfa/alice";
/// Its seed, base32.
pub const DEMO_SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

impl World {
    /// The practice in small: alice of the people's account, roles in the workload's account.
    ///
    /// `Admin` (up to 12 h) and `ReadOnly` (1 h) want MFA and the user's name as session name; `Chained` (1 h) trusts `Admin`.
    pub fn demo() -> Self {
        let named =
            || Trust::of("111122223333").mfa().session_name("${aws:username}").tag_session().set_source_identity();
        let buckets = vec!["reports".into(), "terraform-state".into()];
        Self { buckets, ..Self::default() }
            .user(
                User::new("111122223333", "alice")
                    .path("/division/")
                    .key(DEMO_KEY_ID, DEMO_SECRET)
                    .mfa(DEMO_MFA, DEMO_SEED)
                    .may("iam:ListMFADevices", "arn:aws:iam::*:user/*/${aws:username}")
                    .may("sts:*", "arn:aws:iam::222233334444:role/*"),
            )
            .role(Role::new("arn:aws:iam::222233334444:role/Admin").max_hours(12).trust(named()).may("*", "*"))
            .role(Role::new("arn:aws:iam::222233334444:role/ReadOnly").trust(named()).may("s3:List*", "*"))
            .role(
                Role::new("arn:aws:iam::222233334444:role/Chained")
                    .trust(Trust::of("arn:aws:iam::222233334444:role/Admin").tag_session().set_source_identity()),
            )
    }
}
