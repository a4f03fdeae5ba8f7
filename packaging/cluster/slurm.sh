#!/bin/sh
# Looks at the pictures of a project on a Slurm cluster: one job of an array for each part of the pictures.
#
#   sbatch --array=1-16 packaging/cluster/slurm.sh /shared/project 16
#   camtrap merge /shared/project        when all have finished; it says what is missing
#
# At its crops instead, for training and review: sbatch --export=ALL,CAMTRAP_STEP=embed --array=...
#
# The project and its pictures lie on a disk that every node sees, under the same path; camtrap is installed there, and
# its default detector (camtrap models install default). Nothing is written to the project but files in its folder
# "shards". What follows the number of parts is passed on (--detector NAME). A job that was ended early, however, goes
# on where it was when it is started again: Slurm does so by itself after a node failure, you with the same command or,
# for single parts, with --array=3,7 and the same number of parts.
#
# To merge when all are done, without waiting for it:
#   job=$(sbatch --parsable --array=1-16 packaging/cluster/slurm.sh /shared/project 16)
#   sbatch --dependency=afterok:"$job" --wrap "camtrap merge /shared/project"
#
#SBATCH --job-name=camtrap-detect
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=camtrap-detect-%A-%a.log

set -eu
if [ $# -lt 2 ]; then
    echo "Usage: sbatch --array=1-16 $0 PROJECT 16 [OPTIONS]" >&2
    exit 2
fi
project=$1
shards=$2
shift 2
# exec: the signal by which Slurm ends a job reaches the program, which stops after its batch.
exec camtrap "${CAMTRAP_STEP:-detect}" "$project" --shard "${SLURM_ARRAY_TASK_ID:?start this with sbatch --array=1-$shards}/$shards" "$@"
