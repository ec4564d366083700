//! Who may do what: the membership log and its evaluation.
