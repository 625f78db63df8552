package schema

// Change applies migrations of a test.
var Change = change

// PartitionByMonth is the step between the migrations and the rules.
var PartitionByMonth = partitionByMonth
