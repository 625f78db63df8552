package compliance

// ferpa are the rules of 34 CFR 99.
var ferpa = []Rule{
	{
		ID: "access_by_relationship", Law: FERPA, Section: "34 CFR 99.31(a)(1)(ii)", Kind: Enforced, API: "/audit", Page: "/manage/audit",
		Asks:  "Staff reach only the records in which they have a legitimate educational interest: by a class, a duty, or for a reason that is written down.",
		Proof: []Proof{{"e2e", "TestWhoIsInTheSpaceReadsTheFile"}, {"e2e", "TestBreakGlassIntoAPersonalSpace"}, {"e2e", "TestConfidentialSpaceOpensByTwo"}, {"policies/rls", "TestOtherOrganizationsRowsAreOutOfReach"}},
		check: func(f *facts) Finding {
			r := f.records
			say := func(s State, why string) Finding {
				return found(s, why, "broken_glass", r.BrokenGlass, "reviews_overdue", r.ReviewsOverdue, "uses_not_justified", r.NotJustified)
			}
			switch {
			case r.ReviewsOverdue > 0:
				return say(NotMet, "Uses of break-glass were not reviewed within seven days. Review them.")
			case r.NotJustified > 0:
				return say(Attention, "A use of break-glass was not justified. See that it does not happen again.")
			}
			return say(Met, "The database asks for a current relationship with each statement, and uses of break-glass are reviewed.")
		},
	},
	{
		ID: "classification", Law: FERPA, Section: "34 CFR 99.3", Kind: Enforced, API: "/disclosures", Page: "/disclosures",
		Asks:  "It is known which files are education records: by their place, or by a decision with its reason.",
		Proof: []Proof{{"api", "TestRecordsAreDisclosedOnRecord"}, {"tenancy/records", "TestEachStudentOfARecordIsAskedAbout"}},
		check: func(f *facts) Finding {
			return found(Met, "What no one decided about has the class of its place.", "records_decided", f.records.Classified)
		},
	},
	{
		ID: "right_to_inspect", Law: FERPA, Section: "34 CFR 99.10(b)", Kind: Recorded, API: "/access-requests", Page: "/access-requests",
		Asks:  "A parent or eligible student who asks to see records sees them within 45 days.",
		Proof: []Proof{{"api", "TestRecordsAreAskedForAndFetched"}, {"api", "TestRightToRecordsIsLost"}},
		check: func(f *facts) Finding {
			r := f.records
			say := func(s State, why string) Finding {
				return found(s, why, "access_requests_open", r.Requests, "access_requests_overdue", r.RequestsOverdue, "access_requests_soon", r.RequestsSoon, "access_requests_answered", r.RequestsAnswered)
			}
			switch {
			case r.RequestsOverdue > 0:
				return say(NotMet, "A request is older than the law allows. Release its package.")
			case r.RequestsSoon > 0:
				return say(Attention, "A request must be answered within 15 days.")
			case r.Requests+r.RequestsAnswered == 0:
				return say(NotAsked, "No one has asked to see records.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "no_destruction_meanwhile", Law: FERPA, Section: "34 CFR 99.10(e)", Kind: Enforced, API: "/holds", Page: "/manage/holds",
		Asks:  "No record is destroyed while a request to see it is open.",
		Proof: []Proof{{"api", "TestAHoldCoversAllThatARequestIsAbout"}, {"activities/sweep", "TestNothingOnHoldIsDestroyed"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "access_requests_open", f.records.Requests, "requests_without_hold", f.records.RequestsWithoutHold, "holds", f.retention.Holds)
			}
			switch {
			case f.records.RequestsWithoutHold > 0:
				return say(NotMet, "An open request has no hold. Call the operator: the database places one with the request.")
			case f.records.Requests == 0:
				return say(NotAsked, "No request is open.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "records_of_several_students", Law: FERPA, Section: "34 CFR 99.12(a)", Kind: Enforced, API: "/access-requests", Page: "/access-requests",
		Asks:  "Of a record about several students a parent sees what is about their own.",
		Proof: []Proof{{"api", "TestRecordsThatNameOthersAreReviewed"}},
		check: func(f *facts) Finding {
			if f.records.RecordsToReview > 0 {
				return found(Attention, "Records that tell of other students wait for a person to look at them.", "records_to_review", f.records.RecordsToReview)
			}
			return found(Met, allWell, "records_to_review", f.records.RecordsToReview)
		},
	},
	{
		ID: "amendment", Law: FERPA, Section: "34 CFR 99.20, 99.21, 99.22", Kind: Recorded, API: "/amendments", Page: "/amendments",
		Asks:  "A request to amend a record is decided within a reasonable time, and a hearing is held where it was refused and asked for.",
		Proof: []Proof{{"api", "TestRecordsAreAmended"}},
		check: func(f *facts) Finding {
			r := f.records
			say := func(s State, why string) Finding {
				return found(s, why, "amendments_open", r.AmendmentsOpen, "amendments_overdue", r.AmendmentsOverdue, "amendments_answered", r.AmendmentsAnswered)
			}
			switch {
			case r.AmendmentsOverdue > 0:
				return say(NotMet, "The next step of a request is past its day. Take it.")
			case r.AmendmentsOpen+r.AmendmentsAnswered == 0:
				return say(NotAsked, "No one has asked to amend a record.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "directory_information", Law: FERPA, Section: "34 CFR 99.37", Kind: Enforced, API: "/directory-opt-outs", Page: "/manage/directory",
		Asks:  "Directory information leaves only in designated categories, after a public notice, and not of students who were opted out.",
		Proof: []Proof{{"api", "TestDirectoryInformation"}},
		check: func(f *facts) Finding {
			if !f.records.DirectoryDesignated {
				return found(NotAsked, "The school designates no directory information: none leaves on that basis.", "students_opted_out", f.records.OptedOut)
			}
			return found(Met, allWell, "students_opted_out", f.records.OptedOut)
		},
	},
	{
		ID: "signed_consent", Law: FERPA, Section: "34 CFR 99.30", Kind: Enforced, API: "/disclosure-consents", Page: "/disclosure-consents",
		Asks:  "A record leaves to a third party on a consent only if it is signed, dated, names records, purpose and party, and is not revoked.",
		Proof: []Proof{{"api", "TestDisclosuresAreConsentedTo"}},
		check: func(f *facts) Finding {
			if f.records.ConsentsSigned == 0 {
				return found(NotAsked, "No consent to a disclosure is signed.", "consents_signed", f.records.ConsentsSigned)
			}
			return found(Met, allWell, "consents_signed", f.records.ConsentsSigned)
		},
	},
	{
		ID: "record_of_disclosures", Law: FERPA, Section: "34 CFR 99.32(a)", Kind: Enforced, API: "/disclosures", Page: "/disclosures",
		Asks:  "Each disclosure of a record, and each request that was refused, is written down with its parties and their legitimate interests.",
		Proof: []Proof{{"api", "TestRecordsAreDisclosedOnRecord"}, {"api", "TestTheSameRefusalIsAnsweredAlike"}},
		check: func(f *facts) Finding {
			r := f.records
			say := func(s State, why string) Finding {
				return found(s, why, "records_disclosed", r.Disclosed, "disclosures_refused", r.Refused, "shares_of_records", r.SharesOfRecords, "shares_without_basis", r.SharesWithoutBasis)
			}
			if r.SharesWithoutBasis > 0 {
				return say(NotMet, "Shares of records with people outside have no basis or interest: they are older than the record of disclosures. End them, or make them again.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "redisclosure_notice", Law: FERPA, Section: "34 CFR 99.33(d)", Kind: Enforced, API: "/disclosures", Page: "/shared-outside",
		Asks:  "Who gets a record is told that they may not disclose it to others.",
		Proof: []Proof{{"api", "TestRecordsAreDisclosedOnRecord"}, {"api", "TestRecordsLeaveWithABasis"}},
		check: func(f *facts) Finding {
			if f.records.SharesOfRecords == 0 && f.records.Disclosed == 0 {
				return found(NotAsked, "No record was given to people outside.", "shares_of_records", f.records.SharesOfRecords)
			}
			return found(Met, "The notice is on the page, in the answer and in the mail of each share.", "shares_of_records", f.records.SharesOfRecords)
		},
	},
	{
		ID: "annual_notice", Law: FERPA, Section: "34 CFR 99.7", Kind: Recorded, API: "/compliance-duties", Page: "/manage/duties",
		Asks:  "Parents and eligible students are told of their rights each year.",
		Proof: []Proof{{"tenancy/evidence", "TestDutiesAreDueAgain"}, {"policies/compliance", "TestReportOfDuties"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding { return found(s, why, "annual_notices_in_time", f.duties.NoticeDone) }
			switch {
			case f.duties.NoticeDone == 0:
				return say(Attention, "No notice of this year is recorded. If it was sent, record it: the platform does not send it.")
			case f.duties.NoticeSoon > 0:
				return say(Attention, "The next notice is due within 30 days.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "disposition", Law: FERPA, Section: "34 CFR 99.33(a), 99.35(b)", Kind: Recorded, API: "/dispositions", Page: "/manage/duties",
		Asks:  "What the school directs to be returned or destroyed is, in time.",
		Proof: []Proof{{"tenancy/evidence", "TestDispositions"}, {"api", "TestDispositionsAreRecorded"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "dispositions_open", f.duties.DispositionsOpen, "dispositions_late", f.duties.DispositionsLate)
			}
			switch {
			case f.duties.DispositionsLate > 0:
				return say(NotMet, "The time of a directive is over. Carry it out, and record by which export or certificate.")
			case f.duties.DispositionsOpen > 0:
				return say(Attention, "A directive waits.")
			}
			return say(Met, "No directive waits.")
		},
	},
	{
		ID: "audit_log", Law: FERPA, Section: "34 CFR 99.31(a)(1)(ii), 99.32", Kind: Enforced, API: "/audit", Page: "/manage/audit",
		Asks:  "Who changed and read what is kept in a log that no program of the platform can change.",
		Proof: []Proof{{"api", "TestEveryRouteThatChangesSomethingIsRecorded"}, {"e2e", "TestAuditLogIsSignedOutsideTheDatabase"}},
		check: func(*facts) Finding {
			return found(Met, "The log is chained and its heads are signed. Verify it when you need to be sure.")
		},
	},
}
