package compliance

const (
	noChildren = "There are no students under 13, and no files of any."
	allWell    = "Nothing is to be done."
)

// coppa are the rules of 16 CFR 312.
var coppa = []Rule{
	{
		ID: "consent_before_collection", Law: COPPA, Section: "16 CFR 312.5(a)(1)", Kind: Enforced, API: "/consent", Page: "/manage/agreements",
		Asks:  "Nothing is collected from a child before a parent has consented, or the school has authorized it.",
		Proof: []Proof{{"api", "TestNoBasisNoByte"}, {"policies/consent", "TestBasisIsDemandedByTheDatabase"}, {"api", "TestDiscoveredGateHolds"}},
		check: func(f *facts) Finding {
			c := f.child
			say := func(s State, why string) Finding {
				return found(s, why, "children", c.Children, "files_of_children", c.FilesOfChildren, "files_by_parents", c.FilesByParents,
					"files_by_school", c.FilesBySchool, "files_without_basis", c.FilesWithoutBasis, "files_held", c.FilesHeld)
			}
			switch {
			case c.FilesWithoutBasis > 0:
				return say(NotMet, "Files of children are here without a basis. Call the operator: the database refuses such rows.")
			case !f.children():
				return say(NotAsked, noChildren)
			case c.FilesHeld > 0:
				return say(Attention, "Files of children wait for a basis. Record a consent or an agreement, or let them end.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "who_is_a_child", Law: COPPA, Section: "16 CFR 312.2", Kind: Enforced, API: "/consent", Page: "/manage/agreements",
		Asks:  "It is known who is under 13. A student whose age is not known counts as a child.",
		Proof: []Proof{{"policies/consent", "TestWhoIsAChild"}, {"activities/sweep", "TestAgesAreNotedOnce"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "children", f.child.Children, "ages_unknown", f.child.AgesUnknown)
			}
			if f.child.AgesUnknown > 0 && !f.child.GradeDeclared {
				return say(Attention, "The age of some students is not known, so that they count as children. Have the roster give months or grades, or declare the youngest grade.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "school_authorization", Law: COPPA, Section: "16 CFR 312.5(a)(1), FTC guidance", Kind: Recorded, API: "/agreements", Page: "/manage/agreements",
		Asks:  "What the school authorizes in place of parents is a signed agreement with an educational purpose, of which the school had notice.",
		Proof: []Proof{{"activities/sweep", "TestExpiredAgreementsHoldWhatIsHere"}, {"policies/consent", "TestBasisIsDemandedByTheDatabase"}},
		check: func(f *facts) Finding {
			c := f.consent
			say := func(s State, why string) Finding {
				return found(s, why, "agreements", c.Agreements, "agreements_assumed", c.AgreementsAssumed, "files_by_school", f.child.FilesBySchool)
			}
			switch {
			case !f.children() || f.child.FilesBySchool == 0 && c.Agreements == 0 && c.AgreementsAssumed == 0:
				return say(NotAsked, "No file is here by an authorization of the school.")
			case c.Agreements == 0:
				return say(NotMet, "No agreement that somebody signed is in force: the platform made one when it was set up. Record the school's own.")
			case !c.AgreementLasts:
				return say(Attention, "The agreement ends within 30 days. Record the next one.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "direct_notice", Law: COPPA, Section: "16 CFR 312.4(b), (c)(1)", Kind: Enforced, API: "/consent/notices", Page: "/manage/notices",
		Asks:  "A parent who is asked for consent gets a notice with every block that the rule names, and the version that was shown is kept.",
		Proof: []Proof{{"api", "TestANoticeNeedsEveryBlock"}, {"api", "TestAParentAgreesByMail"}},
		check: func(f *facts) Finding {
			c := f.consent
			say := func(s State, why string) Finding {
				return found(s, why, "notices", c.Notices, "consent_requests", c.Requests, "consents_undeliverable", c.Undeliverable)
			}
			switch {
			case c.Requests == 0 && c.Decisions == 0:
				return say(NotAsked, "No parent was asked for consent.")
			case c.Notices == 0:
				return say(NotMet, "Parents were asked and no notice is published. Publish one.")
			case c.Undeliverable > 0:
				return say(Attention, "Some notices did not reach their parent. Send them to another address.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "online_notice", Law: COPPA, Section: "16 CFR 312.4(d)", Kind: Enforced, API: "/agreements", Page: "/manage/agreements",
		Asks:  "A notice that anybody can read says what is collected, what for, who else gets it, for how long it is kept, and whom parents ask.",
		Proof: []Proof{{"api", "TestThePrivacyNoticeIsWhatIsInForce"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "contacts", f.consent.Contacts, "notices", f.consent.Notices, "policies", f.retention.Policies)
			}
			switch {
			case !f.children():
				return say(NotAsked, noChildren)
			case f.consent.Contacts == 0:
				return say(NotMet, "The privacy notice names no one whom parents can ask. Record an agreement with its contact.")
			}
			return say(Met, "The page /privacy of the organization is made from its settings.")
		},
	},
	{
		ID: "material_change", Law: COPPA, Section: "16 CFR 312.4(b), 312.5(a)(1)", Kind: Enforced, API: "/consent-requests", Page: "/manage/consent-requests",
		Asks:  "After a material change of the notice, nothing new is collected until the parent has consented to it.",
		Proof: []Proof{{"activities/consentrequest", "TestAMaterialChangeAsksAgain"}, {"api", "TestAMaterialNoticeEndsSignedFormsToo"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "notices", f.consent.Notices, "consents_asked_again", f.consent.Reconsent)
			}
			switch {
			case f.consent.Notices < 2:
				return say(NotAsked, "The notice was not changed.")
			case f.consent.Reconsent > 0:
				return say(Attention, "Parents were asked again and have not answered. What they allowed before stays under the earlier notice.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "method_and_action", Law: COPPA, Section: "16 CFR 312.5(a)(2), (b)(2)", Kind: Enforced, API: "/consent/matrix", Page: "/disclosures",
		Asks:  "A consent by a weak method permits no disclosure, and a disclosure to a third party has a consent of its own.",
		Proof: []Proof{{"policies/consent", "TestMatrixDecidesDisclosures"}, {"policies/consent", "TestRecordsOfAChild"}},
		check: func(f *facts) Finding {
			if f.consent.WeakDisclosures > 0 {
				return found(NotMet, "The table of methods lets a weak method disclose. Call the operator: this build is not as it was tested.", "disclosures_refused", f.consent.DisclosuresRefused)
			}
			return found(Met, allWell, "disclosures_refused", f.consent.DisclosuresRefused)
		},
	},
	{
		ID: "confirmation", Law: COPPA, Section: "16 CFR 312.5(b)(2)(viii)", Kind: Enforced, API: "/consent-requests", Page: "/manage/consent-requests",
		Asks:  "A consent by mail is confirmed by a second mail, which says that it can be withdrawn.",
		Proof: []Proof{{"api", "TestAParentAgreesByMail"}, {"workflows/consentrequest", "TestAMailServerThatIsDownForADay"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "consents_granted", f.consent.Granted, "confirmations_late", f.consent.ConfirmationsLate)
			}
			switch {
			case f.consent.Requests == 0:
				return say(NotAsked, "No parent was asked by mail.")
			case f.consent.ConfirmationsLate > 0:
				return say(Attention, "Second mails have been late for a day. Look whether mails go out.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "contact_is_deleted", Law: COPPA, Section: "16 CFR 312.5(c)(1)", Kind: Enforced, API: "/consent-requests", Page: "/manage/consent-requests",
		Asks:  "The address of a parent who does not consent is deleted after a reasonable time.",
		Proof: []Proof{{"workflows/consentrequest", "TestARequestWithoutAnAnswer"}, {"api", "TestTheTimeIsOver"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "consent_requests", f.consent.Requests, "requests_late", f.consent.RequestsLate, "addresses_kept", f.consent.AddressesKept)
			}
			switch {
			case f.consent.Requests == 0:
				return say(NotAsked, "No parent was asked by mail.")
			case f.consent.RequestsLate+f.consent.AddressesKept > 0:
				return say(NotMet, "Addresses are here for more than a day after their time. Call the operator: the worker does not end requests.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "refusal_stops_use", Law: COPPA, Section: "16 CFR 312.6(a)(2)", Kind: Enforced, API: "/people", Page: "/manage/people",
		Asks:  "After a parent refused or withdrew, what is here of the child is not used any more.",
		Proof: []Proof{{"policies/consent", "TestDecisionsOfTwoGuardians"}, {"policies/consent", "TestARefusalDuringAnUpload"}, {"api", "TestTheStricterOfTwoParentsWins"}, {"workers/pipeline", "TestAWithdrawnConsentErases"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "decisions_of_parents", f.consent.Decisions, "files_refused", f.child.FilesRefused)
			}
			switch {
			case f.child.FilesRefused > 0:
				return say(NotMet, "Files of children whose parent refused are still used. Call the operator.")
			case f.consent.Decisions == 0:
				return say(NotAsked, "No parent has decided anything.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "erasure_on_request", Law: COPPA, Section: "16 CFR 312.6(a)(2)", Kind: Recorded, API: "/erasure-requests", Page: "/erasure-requests",
		Asks:  "A parent who directs that a child's data is deleted has an answer within 30 days, and what is here by a consent alone goes at once.",
		Proof: []Proof{{"policies/compliance", "TestReportOfErasureRequests"}, {"api", "TestParentsAskForErasure"}, {"workers/pipeline", "TestAParentsRequestErases"}},
		check: func(f *facts) Finding {
			e := f.erasures
			say := func(s State, why string) Finding {
				return found(s, why, "erasure_requests_open", e.Requests, "erasure_requests_soon", e.Soon, "erasure_requests_overdue", e.Overdue,
					"erasure_requests_older", e.Older, "erasure_requests_answered", e.Answered, "erasures_late", e.ErasuresLate)
			}
			switch {
			case e.Overdue > 0:
				return say(NotMet, "A request to delete data of a child is older than 30 days. Accept it, or refuse it with a reason.")
			case e.ErasuresLate > 0:
				return say(Attention, "An erasure that was asked for has no certificate, and the 30 days of its request are over. See whether a hold keeps it.")
			case e.Older > 0:
				return say(Attention, "A request about a student of 13 or more is older than 30 days. The rule is about children: answer it all the same.")
			case e.Soon > 0:
				return say(Attention, "A request must be answered within seven days.")
			case e.Requests+e.Answered == 0:
				return say(NotAsked, "No one has asked to have data deleted.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "personal_information", Law: COPPA, Section: "16 CFR 312.2", Kind: Enforced, API: "/policies", Page: "/manage/rules",
		Asks:  "Personal information in files is looked for. What cannot be read counts as unknown and never as free of it.",
		Proof: []Proof{{"api", "TestPersonalDataOfAFile"}, {"activities/pii", "TestUnreadIsUnknown"}, {"activities/pii", "TestHold"}},
		check: func(f *facts) Finding {
			p := f.personal
			say := func(s State, why string) Finding {
				return found(s, why, "inspected_found", p.Found, "inspected_none", p.None, "inspected_unknown", p.Uninspectable, "inspections_late", p.Late, "files_waiting", p.Waiting)
			}
			switch {
			case p.Late > 0:
				return say(Attention, "Files wait for more than a day to be looked at. Call the operator if the number does not fall.")
			case p.Waiting > 0:
				return say(Attention, "Files wait for a person to decide about the personal information in them.")
			case p.Found+p.None+p.Uninspectable == 0:
				return say(NotAsked, "No file was published.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "written_assurances", Law: COPPA, Section: "16 CFR 312.8(c)", Kind: Enforced, API: "/subprocessors", Page: "/manage/agreements",
		Asks:  "Who else gets data has given written assurances before.",
		Proof: []Proof{{"api", "TestAssurancesComeBeforeServices"}, {"api", "TestSubprocessorsArePublic"}},
		check: func(f *facts) Finding {
			s := f.services
			say := func(state State, why string) Finding {
				return found(state, why, "subprocessors", s.Subprocessors, "assurances_missing", s.AssurancesMissing, "webhooks", s.Webhooks, "connections", s.Connections, "models", one(s.Models))
			}
			switch {
			case s.Webhooks > 0 && !s.WebhooksAssured, s.Connections > 0 && !s.ConnectionsAssured, s.Models && !s.ModelsAssured:
				return say(NotMet, "A service is on whose provider has given no written assurances. Record them, or turn it off.")
			case s.AssurancesMissing > 0:
				return say(NotMet, "The file of an assurance is in the bin or gone. Restore it, or record another one.")
			case s.Subprocessors == 0 && s.Webhooks+s.Connections+one(s.Models) == 0:
				return say(NotAsked, "No one else gets data.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "security_program", Law: COPPA, Section: "16 CFR 312.8(b)", Kind: Recorded, API: "/compliance-duties", Page: "/manage/duties",
		Asks:  "A written security program has a coordinator, a risk assessment each year, tests of its safeguards and an evaluation each year.",
		Proof: []Proof{{"tenancy/evidence", "TestDutiesAreDueAgain"}, {"policies/compliance", "TestReportOfDuties"}},
		check: func(f *facts) Finding {
			const parts = 4
			say := func(s State, why string) Finding {
				return found(s, why, "security_parts_in_time", f.duties.SecurityDone, "security_parts_due_soon", f.duties.SecuritySoon)
			}
			switch {
			case !f.children():
				return say(NotAsked, noChildren)
			case f.duties.SecurityDone < parts:
				return say(NotMet, "A part of the security program is not recorded, or is overdue: coordinator, risk assessment, test of safeguards, evaluation.")
			case f.duties.SecuritySoon > 0:
				return say(Attention, "A part of the security program is due within 30 days.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "incidents", Law: COPPA, Section: "16 CFR 312.8(a), state law and contracts", Kind: Recorded, API: "/incidents", Page: "/manage/duties",
		Asks:  "Of an incident those are told in time whom state law or a contract names.",
		Proof: []Proof{{"tenancy/evidence", "TestClocksOfAnIncident"}, {"api", "TestIncidents"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "incidents_open", f.duties.IncidentsOpen, "clocks_running", f.duties.ClocksRunning, "clocks_late", f.duties.ClocksLate)
			}
			switch {
			case f.duties.ClocksLate > 0:
				return say(NotMet, "The time to tell somebody of an incident is over. Tell them, and record it.")
			case f.duties.IncidentsOpen+f.duties.ClocksRunning > 0:
				return say(Attention, "An incident is open. Look at its clocks.")
			}
			return say(Met, "No incident is open.")
		},
	},
	{
		ID: "retention", Law: COPPA, Section: "16 CFR 312.10", Kind: Enforced, API: "/retention-policies", Page: "/manage/retention",
		Asks:  "Children's data is not kept without a limit, and the written policy is published with purpose, business need and days.",
		Proof: []Proof{{"activities/sweep", "TestTheDatabaseRefusesChildrensDataWithoutDays"}, {"activities/sweep", "TestChildrensPolicyGoesFirst"}, {"api", "TestRetentionPoliciesArePublic"}},
		check: func(f *facts) Finding {
			r := f.retention
			say := func(s State, why string) Finding {
				return found(s, why, "policies_of_children", r.PoliciesOfChildren, "files_without_policy", r.FilesWithoutPolicy, "reviews", r.Reviews, "reviews_late", r.ReviewsLate)
			}
			switch {
			case r.PoliciesWithoutDays > 0:
				return say(NotMet, "A policy of children's data has no days. Call the operator: the database refuses such rows.")
			case !f.children():
				return say(NotAsked, noChildren)
			case r.PoliciesOfChildren == 0 || r.FilesWithoutPolicy > 0:
				return say(NotMet, "Files of children are kept without a limit. Make a rule for children's data of every category.")
			case r.ReviewsLate > 0:
				return say(Attention, "Files that are due have waited for a decision for more than 30 days.")
			}
			return say(Met, allWell)
		},
	},
	{
		ID: "held_files_end", Law: COPPA, Section: "16 CFR 312.10", Kind: Enforced, API: "/consent", Page: "/manage/agreements",
		Asks:  "A file that waits for a basis is deleted when its time is over.",
		Proof: []Proof{{"activities/sweep", "TestHeldFilesAreDeletedForGood"}, {"activities/sweep", "TestNothingOnHoldIsDestroyed"}},
		check: func(f *facts) Finding {
			say := func(s State, why string) Finding {
				return found(s, why, "files_held", f.child.FilesHeld, "files_held_too_long", f.child.FilesHeldTooLong)
			}
			switch {
			case f.child.FilesHeldTooLong > 0:
				return say(NotMet, "Files are here for two days after their time. Call the operator: the sweep does not delete them.")
			case f.child.FilesHeld == 0:
				return say(NotAsked, "No file waits for a basis.")
			}
			return say(Met, allWell)
		},
	},
}
