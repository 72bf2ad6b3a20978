package io.modelassay.quantization;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Place;
import io.modelassay.failure.Problem;
import java.nio.file.Path;
import org.apiguardian.api.API;

/** Weights are needed that are stored in a format that is not known here. */
@API(status = API.Status.EXPERIMENTAL)
public final class UnknownFormatException extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    UnknownFormatException(UnknownFormat format, Path folder) {
        super(new Problem(
                FormatProblem.FORMAT_NOT_KNOWN,
                format.message() + " (" + UnknownFormat.ID + ")",
                format.nextStep(),
                Place.folder(folder)));
    }
}
