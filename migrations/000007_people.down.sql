drop table guardianships, invitations;
drop index members_by_role;
