package io.modelassay.quantization;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import org.apiguardian.api.API;

/**
 * A way to store quantized weights that no scheme here reads. Nothing is said of weights stored so, neither that they are
 * right nor that they are wrong.
 *
 * @param name the format or the library that writes it, such as {@code torchao}; empty where nothing tells
 * @param source the file or the tensor that told
 * @param evidence what was seen there, for people
 */
@API(status = API.Status.EXPERIMENTAL)
public record UnknownFormat(String name, String source, String evidence) {
    /** Id of the finding and of the refusal. */
    static final String ID = "format-not-known";

    /** One sentence for the finding and for whatever refuses the artifact. */
    public String message() {
        return "The quantization format" + (name.isEmpty() ? "" : " " + name) + " is not known here: " + evidence
                + "; nothing is said of the weights, neither that they are right nor that they are wrong";
    }

    /** What to do about it. */
    public String nextStep() {
        return "check the artifact with the library that wrote it, or inspect the float model that it was made from";
    }

    Finding finding() {
        return new Finding(ID, Severity.WARNING, source, message(), nextStep());
    }
}
