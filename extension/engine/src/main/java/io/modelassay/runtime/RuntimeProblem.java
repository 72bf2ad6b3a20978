package io.modelassay.runtime;

import static io.modelassay.failure.Explanation.ofArtifact;
import static io.modelassay.failure.Explanation.ofDefect;
import static io.modelassay.failure.Explanation.ofEnvironment;
import static io.modelassay.failure.Explanation.ofUser;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** What the engine cannot do with an artifact, or on this machine. */
@API(status = API.Status.EXPERIMENTAL)
public enum RuntimeProblem implements ProblemId {
    SHAPE_MISMATCH(ofArtifact(
            "a tensor has another shape than the config says", "the config.json that belongs to these weights")),
    UNSUPPORTED_DTYPE(ofArtifact(
            "a tensor is of a type that the engine cannot compute with",
            "only structural checks and value scans on this tensor")),
    NOT_MERGEABLE(ofArtifact(
            "the adapter cannot be merged into a weight of this format",
            "merge it into the float base and quantize the result, or use it unmerged")),
    REFERENCE_DOES_NOT_FIT(ofArtifact(
            "the model and its reference have other sizes",
            "the checkpoint that this model was made from as the reference")),
    TOKENIZER_INVALID(ofArtifact(
            "the tokenizers library does not accept tokenizer.json, or cannot tokenize the text with it",
            "a newer tokenizers library, or save the tokenizer again with a current transformers")),
    TOKEN_OUT_OF_RANGE(
            ofArtifact("a token id has no row in the embedding", "the tokenizer that belongs to this checkpoint")),
    NO_GPU(ofUser(
            "a GPU is asked for and PyTorch sees none",
            "device = AUTO, or a pytorch-native build for CUDA on the test classpath")),
    ENGINE_FAILED(ofEnvironment(
            "the PyTorch engine does not start",
            "ai.djl.pytorch:pytorch-native-cpu for this platform on the test classpath")),
    LIBRARIES_DO_NOT_FIT(ofEnvironment(
            "the libraries of DJL on the class path do not fit each other",
            "ai.djl:api, ai.djl.pytorch:pytorch-engine and ai.djl.huggingface:tokenizers of one version")),
    KERNEL_INVALID(ofDefect(
            "PyTorch does not accept the source of a kernel",
            "a version of PyTorch that is in the table of library stacks, or a report")),
    KERNEL_FAILED(ofDefect(
            "a kernel stopped with an error of PyTorch",
            "what the message of PyTorch says, such as more memory, or a report")),
    KERNEL_MISSING(ofDefect("the source of a kernel is not in the jar", "the jar as it was published"));

    private final Explanation explanation;

    RuntimeProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
