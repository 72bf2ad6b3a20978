package io.modelassay.quantization;

import java.nio.file.Path;
import org.apiguardian.api.API;

/** Weights are needed that are stored in a format that is not known here. */
@API(status = API.Status.EXPERIMENTAL)
public final class UnknownFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownFormatException(UnknownFormat format, Path folder) {
        super(format.message() + " (" + UnknownFormat.ID + ")\n  " + folder + "\nTry: " + format.nextStep());
    }

    /** Stable kebab-case name of the kind of failure. */
    public String id() {
        return UnknownFormat.ID;
    }
}
