module openshift-ai-platform/tools/programs/pause

go 1.26.0
