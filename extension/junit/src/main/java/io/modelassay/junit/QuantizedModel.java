package io.modelassay.junit;

import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The model that parameters of type {@link io.modelassay.ModelUnderTest} get.
 *
 * <p>On a class it holds for all tests of the class, its subclasses and nested classes; on a method or a parameter it
 * holds there and wins. It may be a meta-annotation. Models are shared: tests that ask for the same get the same.
 *
 * <p>Tests are tagged {@code quantized-model} where the annotation stands on a class or a method. JUnit reads no tags of
 * parameters: a selection by this tag fails, with the remedy, where it would pass over a test whose annotation stands on a
 * parameter alone, and a selection that leaves the tag out leaves that test out.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Tag("quantized-model")
@ExtendWith(ModelAssayExtension.class)
@API(status = API.Status.EXPERIMENTAL)
public @interface QuantizedModel {
    /**
     * Where the artifact lies: a path relative to the module, an absolute path, {@code classpath:…} for a folder on the
     * class path, or {@code fixture:NAME} for a model of {@code modelassay-fixtures}.
     */
    String value();

    /** The quantization applied after loading; without one the artifact is tested as it is stored. At most one. */
    Quantize[] quantize() default {};

    /** The unquantized twin that drift is measured against; empty for the artifact itself without quantization. */
    String reference() default "";

    /** The device. */
    Device device() default Device.AUTO;

    /** The compute type; AUTO takes the one that {@code config.json} names. */
    DType dtype() default DType.AUTO;

    /** The content hash that the checkpoint must have, 64 hexadecimal digits; empty for any. */
    String sha256() default "";

    /** What happens if the artifact is not there. */
    WhenMissing whenMissing() default WhenMissing.FAIL;
}
