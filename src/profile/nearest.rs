//! "Did you mean": the nearest of some names, if one is near enough to be meant.

/// The candidate that `wanted` most likely is, or none. Case is ignored, a swap of neighbours counts as one slip,
/// and at most a third of the characters may be wrong.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(wanted.len()) <= 4 * limit)
        .map(|candidate| (distance(wanted, candidate), candidate))
        .filter(|&(slips, _)| slips <= limit)
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, candidate)| candidate)
}

/// Slips between two names: insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["prod", "staging", "dev-eu", "Алиса"];
        assert_eq!(nearest("porD", names), Some("prod"));
        assert_eq!(nearest("stagin", names), Some("staging"));
        assert_eq!(nearest("dev_eu", names), Some("dev-eu"));
        assert_eq!(nearest("Алисо", names), Some("Алиса"));
        assert_eq!(nearest("qa", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("production", names), None);
    }
}
