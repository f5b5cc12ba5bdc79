module openshift-ai-platform/tools/programs/oscal

go 1.26.0

require github.com/defenseunicorns/go-oscal v0.7.0
