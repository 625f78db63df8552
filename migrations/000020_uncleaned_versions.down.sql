drop index file_versions_uncleaned;
