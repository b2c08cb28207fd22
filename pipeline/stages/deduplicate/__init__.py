"""Link copies, and group reports of one happening into stories."""
