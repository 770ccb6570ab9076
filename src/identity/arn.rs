//! Amazon Resource Names, and the three of them that say who somebody is: users, roles, and callers.
//!
//! Format: `arn:partition:service:region:account:resource`
//! (AWS General Reference, "Amazon Resource Names"; IAM User Guide, "IAM identifiers").

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Why a text is not the ARN it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArnError {
    /// Not six fields beginning with `arn`.
    #[error("`{0}` is not an ARN: expected arn:partition:service:region:account:resource")]
    Shape(String),
    /// An ARN of something else.
    #[error("`{found}` is not the ARN of {wanted}: expected {example}")]
    Other {
        /// The text.
        found: String,
        /// What it should name, with its article.
        wanted: &'static str,
        /// A correct one.
        example: &'static str,
    },
    /// The account is not twelve digits.
    #[error("`{0}` has no account of twelve digits")]
    Account(String),
}

/// Any ARN, split in its fields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arn {
    text: String,
    // Ends of the first five fields; the text is kept whole because it is what is sent, compared and hashed.
    ends: [usize; 5],
}

impl Arn {
    fn field(&self, n: usize) -> &str {
        let start = if n == 0 { 0 } else { self.ends[n - 1] + 1 };
        let end = self.ends.get(n).copied().unwrap_or(self.text.len());
        &self.text[start..end]
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        self.field(1)
    }
    /// `iam`, `sts`, …
    pub fn service(&self) -> &str {
        self.field(2)
    }
    /// The account, twelve digits where there is one.
    pub fn account(&self) -> &str {
        self.field(4)
    }
    /// All behind the account.
    pub fn resource(&self) -> &str {
        self.field(5)
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let shape = || ArnError::Shape(text.to_owned());
        let mut ends = [0; 5];
        let mut colons = text.match_indices(':').map(|(at, _)| at);
        for end in &mut ends {
            *end = colons.next().ok_or_else(shape)?;
        }
        let arn = Arn { text: text.to_owned(), ends };
        let printable = text.chars().all(|c| c.is_ascii_graphic());
        // Every partition is called `aws` or `aws-…` (AWS General Reference, "ARN format").
        let partition = arn.partition() == "aws" || arn.partition().starts_with("aws-");
        if arn.field(0) != "arn" || !partition || arn.service().is_empty() || arn.resource().is_empty() || !printable {
            return Err(shape());
        }
        Ok(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn iam(text: &str, prefix: &str, wanted: &'static str, example: &'static str) -> Result<Arn, ArnError> {
    let other = || ArnError::Other { found: text.to_owned(), wanted, example };
    let arn: Arn = text.parse().map_err(|_| other())?;
    if arn.service() != "iam" || !arn.field(3).is_empty() {
        return Err(other());
    }
    let rest = arn.resource().strip_prefix(prefix).ok_or_else(other)?;
    if rest.is_empty() || rest.ends_with('/') {
        return Err(other());
    }
    twelve_digits(&arn)?;
    Ok(arn)
}

fn twelve_digits(arn: &Arn) -> Result<(), ArnError> {
    let account = arn.account();
    if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(ArnError::Account(arn.as_str().to_owned()))
    }
}

fn last_segment(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

macro_rules! iam_arn {
    ($(#[$doc:meta])* $type:ident, $prefix:literal, $wanted:literal, $example:literal, $(#[$name_doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $type(Arn);

        impl $type {
            /// The whole ARN.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
            /// `aws`, `aws-cn`, `aws-us-gov`, …
            pub fn partition(&self) -> &str {
                self.0.partition()
            }
            /// The account, twelve digits.
            pub fn account(&self) -> &str {
                self.0.account()
            }
            $(#[$name_doc])*
            pub fn $name(&self) -> &str {
                last_segment(self.0.resource())
            }
        }

        impl FromStr for $type {
            type Err = ArnError;
            fn from_str(text: &str) -> Result<Self, ArnError> {
                iam(text, $prefix, $wanted, $example).map($type)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

iam_arn!(
    /// The ARN of a role: `arn:aws:iam::222233334444:role/path/Name`.
    RoleArn,
    "role/",
    "a role",
    "arn:aws:iam::ACCOUNT:role/NAME",
    /// The role's name: the last segment, without the path.
    role_name
);

iam_arn!(
    /// The ARN of an IAM user: `arn:aws:iam::111122223333:user/division/team/alice`.
    UserArn,
    "user/",
    "an IAM user",
    "arn:aws:iam::ACCOUNT:user/NAME",
    /// The user name, exact case: the last segment, for the path before it is not part of the name
    /// (IAM User Guide, "IAM identifiers", friendly names and paths).
    user_name
);

/// Who GetCallerIdentity says the caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerArn {
    /// An IAM user.
    User(UserArn),
    /// The account's root user.
    Root(Arn),
    /// A role session: `arn:aws:sts::222233334444:assumed-role/Admin/alice`.
    RoleSession {
        /// The whole ARN.
        arn: Arn,
        /// The role's name, without its path: STS drops it.
        role_name: String,
        /// The session's name.
        session_name: String,
    },
    /// Anything else, such as a federated user.
    Other(Arn),
}

impl CallerArn {
    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        match self {
            CallerArn::User(user) => user.as_str(),
            CallerArn::Root(arn) | CallerArn::RoleSession { arn, .. } | CallerArn::Other(arn) => arn.as_str(),
        }
    }
}

impl FromStr for CallerArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let arn: Arn = text.parse()?;
        twelve_digits(&arn)?;
        if arn.service() == "iam" && arn.resource() == "root" {
            return Ok(CallerArn::Root(arn));
        }
        if arn.service() == "iam" && arn.resource().starts_with("user/") {
            return text.parse().map(CallerArn::User);
        }
        if arn.service() == "sts"
            && let Some((role, session)) =
                arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'))
        {
            let (role_name, session_name) = (role.to_owned(), session.to_owned());
            return Ok(CallerArn::RoleSession { arn, role_name, session_name });
        }
        Ok(CallerArn::Other(arn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_the_last_segment_in_exact_case() {
        let user: UserArn = "arn:aws:iam::111122223333:user/division/team/Alice".parse().unwrap();
        assert_eq!((user.user_name(), user.account(), user.partition()), ("Alice", "111122223333", "aws"));
    }

    #[test]
    fn roles_in_other_partitions_and_with_paths() {
        let role: RoleArn = "arn:aws-cn:iam::222233334444:role/ops/Admin".parse().unwrap();
        assert_eq!((role.role_name(), role.partition()), ("Admin", "aws-cn"));
    }

    #[test]
    fn what_is_not_a_role_is_refused_with_the_right_form() {
        for (text, part) in [
            ("Admin", "`Admin` is not the ARN of a role: expected arn:aws:iam::ACCOUNT:role/NAME"),
            ("arn:aws:iam::222233334444:user/Admin", "is not the ARN of a role"),
            ("arn:aws:iam::222233334444:role/", "is not the ARN of a role"),
            ("arn:aws:iam::2222:role/Admin", "twelve digits"),
            ("arn:aws:sts::222233334444:assumed-role/Admin/alice", "is not the ARN of a role"),
            ("arn:aws:iam::222233334444:role/Ad min", "is not the ARN of a role"),
        ] {
            let error = text.parse::<RoleArn>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn callers_are_told_apart() {
        let of = |text: &str| text.parse::<CallerArn>().unwrap();
        assert!(matches!(of("arn:aws:iam::111122223333:root"), CallerArn::Root(_)));
        assert!(matches!(of("arn:aws:iam::111122223333:user/a"), CallerArn::User(_)));
        let CallerArn::RoleSession { role_name, session_name, .. } =
            of("arn:aws:sts::111122223333:assumed-role/Admin/alice")
        else {
            panic!("not a role session")
        };
        assert_eq!((role_name.as_str(), session_name.as_str()), ("Admin", "alice"));
    }
}
