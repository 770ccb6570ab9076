//! S3 as far as `aws s3 ls` needs it: the first thing that people try with a new role.

use super::caller::Caller;
use super::clock;
use super::state::{Denial, State};
use super::xml;

/// The inside of a ListAllMyBucketsResult.
pub fn list_buckets(state: &State, caller: &Caller) -> Result<String, Denial> {
    if !caller.may("s3:ListAllMyBuckets", "*") {
        let who = caller.arn(&state.world.partition);
        return Err(Denial::access(format!(
            "User: {who} is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action"
        )));
    }
    let buckets: String = state
        .world
        .buckets
        .iter()
        .map(|b| {
            let made = xml::text("CreationDate", &clock::iso(1_700_000_000));
            xml::element("Bucket", &[xml::text("Name", b), made].concat())
        })
        .collect();
    Ok([xml::element("Owner", &xml::text("ID", caller.account())), xml::element("Buckets", &buckets)].concat())
}
