package io.modelassay.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs the test method, or the whole class, once for each quantization of the {@link QuantizedModel} in force, which
 * itself names none. A method takes this in place of {@code @Test}.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ClassTemplate
@ExtendWith({EachQuantizationProvider.class, ModelAssayExtension.class})
@API(status = API.Status.EXPERIMENTAL)
public @interface EachQuantization {
    /** The quantizations, at least one. */
    Quantize[] value();
}
