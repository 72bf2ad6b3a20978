package io.modelassay.adapter;

import static io.modelassay.failure.Explanation.ofArtifact;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** What can keep a folder from being read as an adapter, or an adapter from acting in a model. */
@API(status = API.Status.EXPERIMENTAL)
public enum AdapterProblem implements ProblemId {
    MISSING_ADAPTER_FOLDER(ofArtifact("there is no such folder", "the folder that holds adapter_config.json")),
    MISSING_ADAPTER_CONFIG(
            ofArtifact("the folder has no adapter_config.json", "the folder that holds adapter_config.json")),
    INVALID_ADAPTER_CONFIG(ofArtifact(
            "the config of the adapter cannot mean anything",
            "correct the value, or save the adapter again with PEFT")),
    FOREIGN_ADAPTER(ofArtifact("the adapter is of another library than PEFT", "convert it into the form of PEFT")),
    MISSING_ADAPTER_WEIGHTS(ofArtifact(
            "the folder has a config and no weights",
            "model.save_pretrained(folder) on the PeftModel, or a complete download")),
    UNSUPPORTED_PEFT_TYPE(ofArtifact("the method of the adapter is not known here", "an adapter of another method")),
    INVALID_PATTERN(ofArtifact(
            "a pattern of the adapter's config is no regular expression, or takes too long to match",
            "correct the pattern")),
    ADAPTER_MISMATCH(ofArtifact(
            "a key of the adapter is missing, has no place in the model, or has another shape",
            "assertThat(adapter).matchesKeysOf(model), which lists every key")),
    UNSUPPORTED_ADAPTER_FORM(ofArtifact(
            "the config asks for what is not computed here",
            "the checks of its keys and values, which compute nothing")),
    NOT_MERGEABLE(ofArtifact("the adapter cannot be merged into the weights of the base", "the adapter unmerged"));

    private final Explanation explanation;

    AdapterProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
