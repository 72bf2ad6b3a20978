/**
 * What stops the product from giving a result: one {@link io.modelassay.failure.Problem}, which says what is wrong, where, whose
 * matter it is and what to do. Every exception of the product brings one; {@link io.modelassay.failure.Problems} has one for every
 * other exception and for errors of the JVM.
 */
@NullMarked
package io.modelassay.failure;

import org.jspecify.annotations.NullMarked;
